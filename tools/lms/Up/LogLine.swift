import FoundationEssentials
import Logging

/// What a line of a service's log has to say to a person: nothing, unless it is a warning or worse.
struct LogLine: Sendable, Hashable {
    let level: Logger.Level
    let text: String

    /// Reads one line; nil for one that need not be shown.
    ///
    /// Services log JSON. What is not JSON comes from the Swift runtime, as when a process crashes, and is shown.
    init?(_ line: some Collection<UInt8>) {
        guard line.first == UInt8(ascii: "{") else {
            guard !line.isEmpty else { return nil }
            level = .error
            text = String(decoding: line, as: UTF8.self)
            return
        }
        guard Self.mayMatter(line), let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)),
            let level = Logger.Level(rawValue: entry.level), level >= .warning
        else { return nil }
        self.level = level
        text = entry.error.map { "\(entry.message): \($0)" } ?? entry.message
    }

    private struct Entry: Decodable {
        let level: String
        let message: String
        let error: String?
    }

    /// Most lines are access lines, thousands a second under load: they are told apart without being parsed, by the
    /// level's name in the first bytes.
    private static func mayMatter(_ line: some Collection<UInt8>) -> Bool {
        let start = Array(line.prefix(96))
        return levels.contains { level in
            start.indices.contains { start[$0...].starts(with: level) }
        }
    }

    private static let levels = ["\"warning\"", "\"error\"", "\"critical\""].map { Array($0.utf8) }
}

/// Cuts what is appended to a file into lines.
struct LineCutter: Sendable {
    private var rest: [UInt8] = []
    /// A longer line is cut.
    static let longestLine = 64 * 1024

    /// The lines that `bytes` complete.
    mutating func append(_ bytes: some Collection<UInt8>) -> [ArraySlice<UInt8>] {
        rest += bytes
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else {
            if rest.count > Self.longestLine { rest = [] }
            return []
        }
        let lines = rest[..<end].split(separator: UInt8(ascii: "\n"))
        rest = Array(rest[(end + 1)...])
        return lines
    }
}
