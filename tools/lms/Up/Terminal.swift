import Glibc
import Logging
import Synchronization

/// What the tool says to the person who started it.
struct Terminal: Sendable {
    private let isColoured = isatty(STDOUT_FILENO) == 1

    func say(_ line: String) {
        write(line + "\n")
    }

    /// A line that belongs to one of the processes.
    func say(_ line: String, of name: String, level: Logger.Level) {
        let padded = name + String(repeating: " ", count: max(0, 9 - name.count))
        let colour = level >= .error ? 31 : level >= .warning ? 33 : 2
        say(isColoured ? "\u{1B}[\(colour)m\(padded)\u{1B}[0m \(line)" : "\(padded) \(line)")
    }

    /// Lines in a frame.
    func frame(_ lines: [String]) {
        say(Self.framed(lines))
    }

    static func framed(_ lines: [String]) -> String {
        let width = lines.map(\.count).max() ?? 0
        let edge = String(repeating: "─", count: width + 4)
        let rows = lines.map { "│  \($0)\(String(repeating: " ", count: width - $0.count))  │" }
        return (["╭\(edge)╮"] + rows + ["╰\(edge)╯"]).joined(separator: "\n")
    }

    /// One call of write(2), so that lines of several tasks do not mix.
    private func write(_ text: String) {
        _ = text.withCString { Glibc.write(STDOUT_FILENO, $0, text.utf8.count) }
    }
}

/// Hands what the tool's own parts log to the terminal.
struct TerminalLogHandler: LogHandler {
    let terminal: Terminal
    let name: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(terminal: Terminal, name: String, logLevel: Logger.Level = .info) {
        self.terminal = terminal
        self.name = name
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        terminal.say("\(event.message)", of: name, level: event.level)
    }
}
