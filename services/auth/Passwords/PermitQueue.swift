/// Who may work now and who waits: at most so many at once, and a queue of bounded length behind them.
struct PermitQueue {
    typealias Ticket = Int

    enum Answer: Hashable {
        case granted
        case queued
        /// The queue is full.
        case refused
    }

    private let permits: Int
    private let capacity: Int
    private var inUse = 0
    private var waiting: [Ticket] = []

    /// - Parameters:
    ///   - permits: How many may work at once.
    ///   - capacity: How many may wait.
    init(permits: Int, capacity: Int) {
        self.permits = permits
        self.capacity = capacity
    }

    mutating func request(_ ticket: Ticket) -> Answer {
        if inUse < permits {
            inUse += 1
            return .granted
        }
        guard waiting.count < capacity else { return .refused }
        waiting.append(ticket)
        return .queued
    }

    /// Gives a permit back; it passes to who has waited longest, who is returned.
    mutating func release() -> Ticket? {
        guard waiting.isEmpty else { return waiting.removeFirst() }
        inUse -= 1
        return nil
    }

    /// Leaves the queue; false when it was not in it any more.
    mutating func withdraw(_ ticket: Ticket) -> Bool {
        guard let index = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }
}
