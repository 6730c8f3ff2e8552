import DequeModule

/// The commands a connection has sent and the server has not answered, oldest first, as RESP answers in order.
///
/// Only the oldest is ever looked at for its deadline: those behind it cannot be answered before it. An expired command
/// keeps its place, so that its late reply is not taken for the next one's.
struct PendingReplies<Reply> {
    private struct Entry {
        let reply: Reply
        let deadline: ContinuousClock.Instant
    }

    private var entries: Deque<Entry> = []
    /// How many of the first entries have expired.
    private var expiredCount = 0
    /// How long past its deadline a command may stay unanswered before the connection counts as dead.
    private let grace: Duration

    init(grace: Duration) {
        self.grace = grace
    }

    var isEmpty: Bool { entries.isEmpty }

    mutating func append(_ reply: Reply, deadline: ContinuousClock.Instant) {
        entries.append(Entry(reply: reply, deadline: deadline))
    }

    /// The command that the reply which has just come belongs to.
    mutating func popAnswered() -> Reply? {
        if expiredCount > 0 { expiredCount -= 1 }
        return entries.popFirst()?.reply
    }

    /// The commands whose deadline has passed since the last call.
    mutating func popExpired(now: ContinuousClock.Instant) -> [Reply] {
        let expired = entries.dropFirst(expiredCount).prefix { $0.deadline <= now }
        expiredCount += expired.count
        return expired.map(\.reply)
    }

    /// Whether the oldest command has been unanswered for so long that the server or the path to it must be dead.
    func isStalled(now: ContinuousClock.Instant) -> Bool {
        entries.first.map { $0.deadline + grace <= now } ?? false
    }

    /// When to look again.
    var nextCheck: ContinuousClock.Instant? {
        let stall = entries.first.map { $0.deadline + grace }
        guard expiredCount < entries.count else { return stall }
        return min(entries[expiredCount].deadline, stall ?? entries[expiredCount].deadline)
    }

    /// All commands that still wait for a reply that will not come.
    mutating func removeAll() -> [Reply] {
        defer {
            entries.removeAll()
            expiredCount = 0
        }
        return entries.map(\.reply)
    }
}
