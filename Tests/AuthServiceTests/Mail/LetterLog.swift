import Logging
import Synchronization

/// Keeps what is logged of letters as an installation logs it by default: from the level `info` on.
final class LetterLog: Sendable {
    private let kept = Mutex<[[String: String]]>([])

    /// The metadata of each line that says `mail`.
    var lines: [[String: String]] { kept.withLock(\.self) }

    var logger: Logger { Logger(label: "mail") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: LetterLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.message == "mail" else { return }
            log.kept.withLock { $0.append((event.metadata ?? [:]).mapValues { "\($0)" }) }
        }
    }
}
