import Postgres
import Redis

/// How long a stream keeps its entries.
public struct StreamRetention: Sendable {
    /// How long every entry is kept.
    public let age: Duration
    /// How long an entry is kept that a consumer group still needs. A group that lags further loses what is older, or one
    /// that nobody reads for any more would fill Redis.
    public let limit: Duration

    public init(age: Duration, limit: Duration) {
        self.age = age
        self.limit = limit
    }

    /// Of what services tell each other.
    public static let events = StreamRetention(age: .seconds(86400), limit: .seconds(7 * 86400))
    /// Of the telemetry, which is much.
    public static let readings = StreamRetention(age: .seconds(3600), limit: .seconds(4 * 3600))

    /// Before which id the stream may be cut.
    ///
    /// - Parameter needed: The oldest entry that a group still needs; nil when there is no group.
    func cut(at now: Timestamp, needed: StreamID?) -> StreamID {
        let byAge = StreamID(time: now.adding(.zero - age))
        guard let needed else { return byAge }
        return max(StreamID(time: now.adding(.zero - limit)), min(byAge, needed))
    }
}
