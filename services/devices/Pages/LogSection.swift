import HTTPKit
import Kernel

/// The newest that a device has logged.
struct LogSection: Sendable {
    struct Item: Sendable {
        let time: Moment
        let level: String
        /// The class of the level's badge.
        let tone: String
        let message: String
        let context: String?
    }

    let items: [Item]
    let hasItems: Bool

    init(_ entries: [LogEntry]) {
        items = entries.map { entry in
            Item(
                time: Moment(entry.time), level: entry.level.rawValue, tone: entry.level.tone, message: entry.message,
                context: entry.context.map { AnyJSON.object($0).text(indented: false) })
        }
        hasItems = !items.isEmpty
    }
}

extension LogLevel {
    fileprivate var tone: String {
        switch self {
        case .debug: "archived"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }
}
