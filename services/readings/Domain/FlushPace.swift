/// When a flush is worth its cost, which is nearly the same for one row as for a hundred.
///
/// With few requests each is flushed at once. With many, those that follow each other closely share a flush, at the price
/// of a few milliseconds: as PostgreSQL's `commit_delay` does for commits, and under a condition like its
/// `commit_siblings`.
struct FlushPace: Sendable {
    /// So many rows are worth a flush of their own, beside another one and without waiting for more.
    static let worthwhileRows = 500
    /// A flush that takes longer than this may be stuck, and is no reason for others to wait.
    static let patience = Duration.milliseconds(50)
    /// How long a flush waits at most for as many requests as the last one had.
    static let gathering = Duration.milliseconds(4)
    /// The least number of requests in a flush for the next to wait for as many.
    static let siblings = 8

    private(set) var underWay = 0
    private var lastBegan = ContinuousClock.now
    private var lastEnded = ContinuousClock.now
    private var lastRequests = 0

    /// Whether a flush of what is queued may begin.
    func mayBegin(rows: Int, at now: ContinuousClock.Instant) -> Bool {
        guard rows > 0 else { return false }
        return underWay == 0 || rows >= Self.worthwhileRows || lastBegan.duration(to: now) > Self.patience
    }

    /// Until when what is queued, which may be flushed, is to wait for more; nil when it is enough.
    func waitsUntil(requests: Int, rows: Int, at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard lastRequests >= Self.siblings, requests < lastRequests, rows < Self.worthwhileRows else { return nil }
        let end = lastEnded + Self.gathering
        return now < end ? end : nil
    }

    mutating func begin(requests: Int, at now: ContinuousClock.Instant) {
        underWay += 1
        lastBegan = now
        lastRequests = requests
    }

    mutating func end(at now: ContinuousClock.Instant) {
        underWay -= 1
        lastEnded = now
    }
}
