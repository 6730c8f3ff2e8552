/// Lets through one reading of each series in an interval; the newest of those held back follows when it has passed.
struct IntervalGate {
    private let interval: Duration
    private let capacity: Int
    private var nextTurns: [ConflationKey: ContinuousClock.Instant] = [:]
    private var held: [ConflationKey: LiveFrame] = [:]

    /// - Parameter capacity: how many series are kept apart; the readings of more are all let through.
    init(interval: Duration, capacity: Int = 16_384) {
        self.interval = interval
        self.capacity = capacity
    }

    /// Whether to send the frame now; otherwise it is held.
    mutating func admits(_ frame: LiveFrame, at now: ContinuousClock.Instant) -> Bool {
        guard frame.kind == .reading else { return true }
        let key = ConflationKey(frame)
        if let next = nextTurns[key], next > now {
            held[key] = frame
            return false
        }
        held[key] = nil
        makeRoom(at: now)
        if nextTurns.count < capacity { nextTurns[key] = now + interval }
        return true
    }

    /// The frames that were held and whose turn it is, in the order of their ids.
    mutating func takeDue(at now: ContinuousClock.Instant) -> [LiveFrame] {
        let due = held.filter { key, _ in nextTurns[key].map { $0 <= now } ?? true }
        for key in due.keys {
            held[key] = nil
            nextTurns[key] = now + interval
        }
        return due.values.sorted { $0.id < $1.id }
    }

    private mutating func makeRoom(at now: ContinuousClock.Instant) {
        guard nextTurns.count >= capacity else { return }
        nextTurns = nextTurns.filter { $0.value > now }
    }
}
