/// Which connections are leased to whom; what to do about it is answered as actions, so this holds no I/O.
struct LeasePool {
    /// Numbers a connection, also while it is being opened.
    typealias Connection = Int
    /// Numbers a caller that waits for a connection.
    typealias Waiter = Int

    enum Action: Equatable {
        case open(Connection)
        case lease(Connection, to: Waiter)
        case fail(Waiter)
        case close(Connection)
    }

    private struct Idle {
        let connection: Connection
        let since: ContinuousClock.Instant
    }

    private let maximum: Int
    private var connections = 0
    private var opening = 0
    private var nextConnection = 0
    private var idle: [Idle] = []
    private var waiters: [Waiter] = []

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Somebody wants a connection.
    mutating func acquire(_ waiter: Waiter) -> [Action] {
        if let newest = idle.popLast() { return [.lease(newest.connection, to: waiter)] }
        waiters.append(waiter)
        return openForWaiters()
    }

    /// A caller has waited long enough.
    mutating func expire(_ waiter: Waiter) -> [Action] {
        guard let index = waiters.firstIndex(of: waiter) else { return [] }
        waiters.remove(at: index)
        return [.fail(waiter)]
    }

    mutating func opened(_ connection: Connection, at now: ContinuousClock.Instant) -> [Action] {
        opening -= 1
        return makeAvailable(connection, at: now)
    }

    /// The server could not be reached, so nobody need wait for the others that are being opened.
    mutating func openFailed(_ connection: Connection) -> [Action] {
        opening -= 1
        connections -= 1
        defer { waiters = [] }
        return waiters.map(Action.fail)
    }

    /// A caller is done; a connection that is not `reusable` is closed and replaced when somebody waits.
    mutating func release(_ connection: Connection, reusable: Bool, at now: ContinuousClock.Instant) -> [Action] {
        guard reusable else {
            connections -= 1
            return [.close(connection)] + openForWaiters()
        }
        return makeAvailable(connection, at: now)
    }

    /// The server closed a connection that nobody used.
    mutating func lost(_ connection: Connection) {
        guard let index = idle.firstIndex(where: { $0.connection == connection }) else { return }
        idle.remove(at: index)
        connections -= 1
    }

    /// Closes what has been idle since before `cutoff`.
    mutating func closeIdle(since cutoff: ContinuousClock.Instant) -> [Action] {
        let old = idle.filter { $0.since <= cutoff }
        idle.removeAll { $0.since <= cutoff }
        connections -= old.count
        return old.map { .close($0.connection) }
    }

    private mutating func makeAvailable(_ connection: Connection, at now: ContinuousClock.Instant) -> [Action] {
        guard waiters.isEmpty else { return [.lease(connection, to: waiters.removeFirst())] }
        idle.append(Idle(connection: connection, since: now))
        return []
    }

    private mutating func openForWaiters() -> [Action] {
        guard waiters.count > opening, connections < maximum else { return [] }
        connections += 1
        opening += 1
        nextConnection += 1
        return [.open(nextConnection)]
    }
}
