import FoundationEssentials
import Reactor

/// A client of one database.
///
/// Single statements and fixed lists of them share a few pipelined connections; what must look at a result before it
/// goes on takes a connection for itself. ``run()`` must run for the others to be answered.
public actor PostgresClient {
    public nonisolated let unownedExecutor: UnownedSerialExecutor
    public nonisolated let configuration: PostgresConfiguration

    private let reactor: Reactor
    private var shared: [PostgresConnection] = []
    private var leases: LeasePool
    private var leaseConnections: [LeasePool.Connection: PostgresConnection] = [:]
    private var leaseWaiters: [LeasePool.Waiter: CheckedContinuation<Lease, any Error>] = [:]
    private var sharedWaiters: [Int: Submission] = [:]
    private var nextWaiter = 0
    /// Why the newest attempt to connect failed; nil once one succeeds.
    private var unavailability: PostgresError?
    /// How long the server may take over each thing that the task asks of it, where that is less than
    /// ``PostgresConfiguration/requestTimeout``: somebody waits who will not wait so long.
    @TaskLocal public static var patience: Duration?

    private nonisolated let openings = AsyncStream.makeStream(of: LeasePool.Connection.self)

    public init(_ configuration: PostgresConfiguration, reactor: Reactor = .shared) {
        self.configuration = configuration
        self.reactor = reactor
        unownedExecutor = reactor.asUnownedSerialExecutor()
        leases = LeasePool(maximum: configuration.maximumLeases)
    }

    // MARK: Running

    /// Opens connections and replaces those that break, until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<configuration.pipelinedConnections {
                group.addTask { await self.keepSharedConnection() }
            }
            group.addTask { await self.closeIdleLeases() }
            for await connection in openings.stream {
                group.addTask { await self.openLease(connection) }
            }
            group.cancelAll()
            closeAll()
        }
    }

    private func keepSharedConnection() async {
        var backoff = Backoff(maximum: .seconds(2))
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.open(configuration, on: reactor)
                backoff.reset()
                unavailability = nil
                guard !Task.isCancelled else { return await connection.close() }
                shared.append(connection)
                let waiters = sharedWaiters.values
                sharedWaiters = [:]
                for waiter in waiters { submit(waiter) }
                await connection.closed()
                shared.removeAll { $0 === connection }
            } catch {
                becomeUnavailable(error)
            }
            try? await Task.sleep(for: backoff.next())
        }
    }

    private func becomeUnavailable(_ error: any Error) {
        let failure = error as? PostgresError ?? PostgresError(.unavailable, "\(error)")
        unavailability = failure
        guard shared.isEmpty else { return }
        for waiter in sharedWaiters.values { waiter.outcome.settle(.failure(failure)) }
        sharedWaiters = [:]
    }

    private func closeIdleLeases() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: configuration.leaseIdleTime / 4)
            perform(leases.closeIdle(since: .now - configuration.leaseIdleTime))
        }
    }

    private func closeAll() {
        for connection in shared + leaseConnections.values { connection.assumeIsolated { $0.close() } }
    }

    // MARK: Shared connections

    /// Runs one statement in one round trip.
    ///
    /// Others share its connection, so cancelling the task does not stop it: the caller gets its `CancellationError` at
    /// once, and the rows are thrown away.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public nonisolated func query(_ sql: SQL, as scope: Scope = .none) async throws -> Rows {
        let rows = try await batch([sql], as: scope)
        guard let last = rows.last else { throw PostgresError(.connectionLost, "no result arrived") }
        return last
    }

    /// Runs the statements in one round trip and one transaction; all take effect or none does.
    ///
    /// - Returns: The rows of each statement, in their order.
    /// - Throws: ``PostgresError`` of the first that failed; `CancellationError` as ``query(_:as:)``.
    public nonisolated func batch(_ statements: [SQL], as scope: Scope = .none) async throws -> [Rows] {
        let prologue = scope.prologue(platformRole: configuration.platformRole)
        let submission = Submission(
            statements: prologue + statements.map(Statement.init), patience: Self.patience, outcome: Promise())
        // Neither the way to the reactor nor the way back takes the task through its executor.
        reactor.perform { self.assumeIsolated { $0.submit(submission) } }
        let rows = try await submission.outcome.value()
        return prologue.isEmpty ? rows : Array(rows.dropFirst(prologue.count))
    }

    /// What a task asks of a connection that others share.
    private struct Submission {
        let statements: [Statement]
        let patience: Duration?
        let outcome: Promise<[Rows]>
    }

    private func submit(_ submission: Submission) {
        if let connection = leastBusyConnection() {
            return connection.assumeIsolated { connection in
                connection.submit(submission.statements, patience: submission.patience, submission.outcome.settle)
            }
        }
        if let unavailability { return submission.outcome.settle(.failure(unavailability)) }
        nextWaiter += 1
        let waiter = nextWaiter
        sharedWaiters[waiter] = submission
        reactor.schedule(after: configuration.acquireTimeout) { [weak self] in
            self?.assumeIsolated { client in
                client.sharedWaiters.removeValue(forKey: waiter)?.outcome.settle(
                    .failure(PostgresError(.unavailable, "no connection to PostgreSQL came up in time")))
            }
        }
    }

    private func leastBusyConnection() -> PostgresConnection? {
        var best: (connection: PostgresConnection, outstanding: Int)?
        for connection in shared {
            let outstanding = connection.assumeIsolated { $0.isOpen ? $0.outstanding : Int.max }
            if outstanding < best?.outstanding ?? Int.max { best = (connection, outstanding) }
        }
        return best?.connection
    }

    // MARK: Leases

    /// A connection that one caller has for itself.
    struct Lease: Sendable {
        let number: LeasePool.Connection
        let connection: PostgresConnection
    }

    /// - Throws: ``PostgresError`` of kind `unavailable` when none is free in time.
    func lease(for organization: UUID? = nil) async throws -> Lease {
        nextWaiter += 1
        let waiter = nextWaiter
        return try await withCheckedThrowingContinuation { continuation in
            leaseWaiters[waiter] = continuation
            perform(leases.acquire(waiter, for: organization))
            guard leaseWaiters[waiter] != nil else { return }
            reactor.schedule(after: configuration.acquireTimeout) { [weak self] in
                self?.assumeIsolated { $0.perform($0.leases.expire(waiter)) }
            }
        }
    }

    /// Takes the connection back once nothing can be running on it any more.
    func release(_ lease: Lease) async {
        await lease.connection.cancellationSettled()
        let isReusable = await lease.connection.isReusable
        perform(leases.release(lease.number, reusable: isReusable, at: .now))
    }

    private func openLease(_ number: LeasePool.Connection) async {
        do {
            let connection = try await PostgresConnection.open(configuration, on: reactor)
            guard !Task.isCancelled else { return await connection.close() }
            leaseConnections[number] = connection
            perform(leases.opened(number, at: .now))
            await connection.closed()
            leases.lost(number)
            leaseConnections[number] = nil
        } catch {
            becomeUnavailable(error)
            perform(leases.openFailed(number))
        }
    }

    private func perform(_ actions: [LeasePool.Action]) {
        for action in actions {
            switch action {
            case .open(let number):
                openings.continuation.yield(number)
            case .lease(let number, let waiter):
                if let connection = leaseConnections[number] {
                    leaseWaiters.removeValue(forKey: waiter)?.resume(
                        returning: Lease(number: number, connection: connection))
                }
            case .fail(let waiter):
                leaseWaiters.removeValue(forKey: waiter)?.resume(
                    throwing: unavailability
                        ?? PostgresError(.unavailable, "all connections to PostgreSQL are in use"))
            case .close(let number):
                leaseConnections.removeValue(forKey: number)?.assumeIsolated { $0.close() }
            }
        }
    }
}
