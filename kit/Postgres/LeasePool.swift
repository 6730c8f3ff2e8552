import FoundationEssentials

/// Which connections are leased to whom; what to do about it is answered as actions, so this holds no I/O.
///
/// An organization has at most half of them at once, whatever it asks for, so that there are some for the others.
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

    private struct Waiting {
        let waiter: Waiter
        let organization: UUID?
    }

    private let maximum: Int
    private let share: Int
    private var connections = 0
    private var opening = 0
    private var nextConnection = 0
    private var idle: [Idle] = []
    private var waiters: [Waiting] = []
    /// Whom a connection is leased for, if that is an organization.
    private var organizations: [Connection: UUID] = [:]
    private var held: [UUID: Int] = [:]

    init(maximum: Int) {
        self.maximum = maximum
        share = (maximum + 1) / 2
    }

    /// Somebody wants a connection, for an organization or for none.
    mutating func acquire(_ waiter: Waiter, for organization: UUID? = nil) -> [Action] {
        waiters.append(Waiting(waiter: waiter, organization: organization))
        return leaseIdle() + openForWaiters()
    }

    /// A caller has waited long enough.
    mutating func expire(_ waiter: Waiter) -> [Action] {
        guard let index = waiters.firstIndex(where: { $0.waiter == waiter }) else { return [] }
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
        return waiters.map { .fail($0.waiter) }
    }

    /// A caller is done; a connection that is not `reusable` is closed and replaced when somebody waits.
    mutating func release(_ connection: Connection, reusable: Bool, at now: ContinuousClock.Instant) -> [Action] {
        giveBackShare(of: connection)
        guard reusable else {
            connections -= 1
            return [.close(connection)] + leaseIdle() + openForWaiters()
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
        idle.append(Idle(connection: connection, since: now))
        return leaseIdle()
    }

    /// Leases what is idle, the most recently used first, to who waits and may have one.
    private mutating func leaseIdle() -> [Action] {
        var actions: [Action] = []
        while let newest = idle.last, let index = waiters.firstIndex(where: { mayLease($0.organization, beside: 0) }) {
            idle.removeLast()
            let next = waiters.remove(at: index)
            if let organization = next.organization {
                organizations[newest.connection] = organization
                held[organization, default: 0] += 1
            }
            actions.append(.lease(newest.connection, to: next.waiter))
        }
        return actions
    }

    /// - Parameter others: How many more the organization is about to have.
    private func mayLease(_ organization: UUID?, beside others: Int) -> Bool {
        organization.map { held[$0, default: 0] + others < share } ?? true
    }

    private mutating func giveBackShare(of connection: Connection) {
        guard let organization = organizations.removeValue(forKey: connection), let count = held[organization] else {
            return
        }
        held[organization] = count > 1 ? count - 1 : nil
    }

    /// How many of those who wait may have a connection as soon as there is one.
    private var served: Int {
        var others: [UUID: Int] = [:]
        return waiters.count { waiting in
            guard let organization = waiting.organization else { return true }
            defer { others[organization, default: 0] += 1 }
            return mayLease(organization, beside: others[organization, default: 0])
        }
    }

    private mutating func openForWaiters() -> [Action] {
        guard connections < maximum, served > opening else { return [] }
        connections += 1
        opening += 1
        nextConnection += 1
        return [.open(nextConnection)]
    }
}
