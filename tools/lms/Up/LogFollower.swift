import Glibc
import Logging

/// Shows on the terminal what goes wrong according to a process's log, and keeps the log from growing without end.
///
/// The process writes to its file directly, so that neither a slow terminal nor an end of this tool can hold it up.
struct LogFollower: Sendable {
    let name: String
    let path: String
    let terminal: Terminal
    let startUp: StartUp

    /// A file that has grown beyond this is emptied. The writers append, so they go on at its start.
    static let largestFile = 128 * 1024 * 1024
    /// A process that fails in a loop is not let to flood the terminal.
    static let linesPerRound = 20

    /// Goes on until the task is cancelled; what the file held before is not shown.
    func run() async {
        let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard file >= 0 else { return }
        defer { close(file) }
        var cutter = LineCutter()
        var offset = lseek(file, 0, SEEK_END)
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            var shown = 0
            while case let bytes = read(file, at: offset), !bytes.isEmpty {
                offset += bytes.count
                for line in cutter.append(bytes).lazy.compactMap(LogLine.init)
                where line.level >= startUp.leastLevel {
                    shown += 1
                    if shown <= Self.linesPerRound { terminal.say(line.text, of: name, level: line.level) }
                }
            }
            if shown > Self.linesPerRound {
                terminal.say("… \(shown - Self.linesPerRound) more in \(path)", of: name, level: .warning)
            }
            if offset > Self.largestFile {
                ftruncate(file, 0)
                offset = 0
            }
        }
    }

    private func read(_ file: Int32, at offset: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = max(0, pread(file, buffer.baseAddress, buffer.count, offset))
        }
    }
}
