import Postgres

/// When what could not be delivered is tried again: after 5 s, then twice as long each time, at most an hour.
public enum DeliverySchedule {
    /// How long after its making a delivery is given up.
    public static let lifetime = Duration.seconds(86_400)
    private static let firstDelay = Duration.seconds(5)
    private static let longestDelay = Duration.seconds(3_600)

    /// The time of the next attempt; nil when there is none any more.
    ///
    /// - Parameters:
    ///   - attempts: How many have failed, the newest included.
    ///   - jitter: From 0 to 1; spreads the retries of many over the second half of the delay.
    public static func nextAttempt(
        after attempts: Int, createdAt: Timestamp, now: Timestamp, jitter: Double = .random(in: 0...1)
    ) -> Timestamp? {
        let full = min(firstDelay * (1 << min(max(attempts, 1) - 1, 16)), longestDelay)
        let next = now.adding(full * (0.5 + jitter / 2))
        return next < createdAt.adding(lifetime) ? next : nil
    }
}
