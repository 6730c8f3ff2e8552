import Postgres

/// How many letters of one kind an organization has sent in an hour of the clock.
struct MailAllowance: Sendable, Hashable {
    private static let hour: Int64 = 3_600_000_000

    /// When the hour began.
    var hour: Timestamp
    var count: Int

    /// Counts up to `wanted` letters that go out now.
    ///
    /// - Returns: How many of them may.
    mutating func take(_ wanted: Int, of limit: Int, at now: Timestamp) -> Int {
        let current = Self.beginning(of: now)
        if hour < current { (hour, count) = (current, 0) }
        let granted = min(wanted, max(limit - count, 0))
        count += granted
        return granted
    }

    /// When letters may be sent again that may not now.
    static func next(after now: Timestamp) -> Timestamp {
        Timestamp(microseconds: beginning(of: now).microseconds + hour)
    }

    static func beginning(of now: Timestamp) -> Timestamp {
        Timestamp(microseconds: now.microseconds / hour * hour)
    }
}
