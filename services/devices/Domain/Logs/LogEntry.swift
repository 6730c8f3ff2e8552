import Kernel
import Postgres

/// How much a log entry matters.
enum LogLevel: String, Sendable, Codable, CaseIterable {
    case debug, info, warning, error, critical

    /// As stored: more matters more.
    var rank: Int16 {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        case .critical: 4
        }
    }
}

/// What a device says of its doings.
struct LogEntry: Sendable, Hashable {
    /// When it happened, as the device says; when it arrived where the device does not say.
    let time: Timestamp
    let level: LogLevel
    let message: String
    var context: [String: AnyJSON]?

    /// Older ones are not taken, and those that were are dropped by the week.
    static let retention = Duration.seconds(30 * 86_400)
    /// How far ahead a device's clock may be.
    static let maximumAhead = Duration.seconds(600)
}

extension LogEntry: Encodable {
    private enum CodingKeys: String, CodingKey {
        case timestamp, level, message, context
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(time, forKey: .timestamp)
        try container.encode(level, forKey: .level)
        try container.encode(message, forKey: .message)
        try container.encode(context, forKey: .context)
    }
}
