import Postgres

/// A stretch of time: from its start on, up to but without its end.
public struct TimeRange: Sendable, Hashable {
    public let start: Timestamp
    public let end: Timestamp

    /// - Precondition: `start` is not after `end`.
    public init(start: Timestamp, end: Timestamp) {
        precondition(start <= end)
        self.start = start
        self.end = end
    }
}

extension QueryParameters {
    /// `from` (inclusive) and `to` (exclusive); by default the `length` up to `now`.
    ///
    /// - Throws: 422 for what is no time, and for a range that ends before it starts.
    public func timeRange(
        _ length: Duration = .seconds(86_400), now: Timestamp = .now
    ) throws(Problem) -> TimeRange {
        let end = try value("to", as: Timestamp.self) ?? now
        let start = try value("from", as: Timestamp.self) ?? end.adding(.zero - length)
        guard start <= end else { throw .invalid("from", "must not be after to") }
        return TimeRange(start: start, end: end)
    }
}
