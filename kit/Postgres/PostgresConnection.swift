import CPostgres
import DequeModule
import Reactor

/// One connection to PostgreSQL in pipeline mode, owned by the reactor's thread.
///
/// Requests are written as they come and answered in order. Each request ends with a Sync of its own, so it is one
/// implicit transaction and its failure does not touch its neighbours.
actor PostgresConnection {
    nonisolated let unownedExecutor: UnownedSerialExecutor
    nonisolated let canceller: Canceller

    private let reactor: Reactor
    let handle: Handle
    var watch: Watch?
    private var readiness: (continuation: CheckedContinuation<Void, any Error>, deadline: ContinuousClock.Instant?)?
    private var cache = StatementCache()
    private var pending: Deque<Request> = []
    private(set) var failure: PostgresError?
    /// `BEGIN` and what follows it, until the transaction's first statement takes them along.
    var transactionPrologue: [Statement] = []
    var copyState = CopyState.none
    private var closeHandlers: [CheckedContinuation<Void, Never>] = []
    private let requestTimeout: Duration
    private var deadlineTimer = DeadlineTimer()

    enum CopyState {
        case none, reading, writing
    }

    /// Requests written and not answered yet.
    var outstanding: Int { pending.count }
    var isOpen: Bool { failure == nil }

    /// - Throws: ``PostgresError`` of kind `unavailable`.
    static func open(
        _ configuration: PostgresConfiguration, on reactor: Reactor
    ) async throws -> PostgresConnection {
        do {
            let parameters = try await configuration.resolved()
            let connection = PostgresConnection(
                parameters: parameters, requestTimeout: configuration.requestTimeout, reactor: reactor)
            try await connection.connect(timeout: configuration.connectTimeout)
            return connection
        } catch let error as ResolutionError {
            throw PostgresError(.unavailable, error.description)
        }
    }

    private init(parameters: [String: String], requestTimeout: Duration, reactor: Reactor) {
        self.reactor = reactor
        self.requestTimeout = requestTimeout
        unownedExecutor = reactor.asUnownedSerialExecutor()
        handle = Handle(parameters: parameters)
        canceller = Canceller()
    }

    // MARK: Connecting

    private func connect(timeout: Duration) async throws {
        let deadline = reactor.schedule(after: timeout) { [weak self] in
            self?.assumeIsolated {
                $0.close(PostgresError(.unavailable, "PostgreSQL did not answer within \(timeout)"))
            }
        }
        defer { deadline.cancel() }
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED, PQstatus(handle.pointer) != CONNECTION_BAD else {
                // The time-out may have closed it while the poll that was waited for was on its way here.
                let error = failure ?? PostgresError(.unavailable, handle.errorMessage)
                close(error)
                throw error
            }
            try await wait(for: status == PGRES_POLLING_READING ? .read : .write)
            status = PQconnectPoll(handle.pointer)
        }
        guard PQsetnonblocking(handle.pointer, 1) == 0, PQenterPipelineMode(handle.pointer) == 1 else {
            let error = PostgresError(.unavailable, handle.errorMessage)
            close(error)
            throw error
        }
        canceller.attach(to: handle.pointer)
        watchForAnswers()
    }

    /// From here on everything that arrives belongs to the oldest pending request.
    func watchForAnswers() {
        rewatch(.read) { connection, readiness in
            if readiness.contains(.write) { connection.flush() }
            if readiness.contains(.read) { connection.receive() }
        }
    }

    /// Suspends until the socket is ready; libpq may have replaced it since the last time.
    ///
    /// - Parameter deadline: When the connection is given up instead; nil where the caller sees to that.
    func wait(for interest: Interest, until deadline: ContinuousClock.Instant? = nil) async throws {
        if let failure { throw failure }
        try await withCheckedThrowingContinuation { continuation in
            readiness = (continuation, deadline)
            if let deadline { armDeadline(deadline) }
            rewatch(interest) { connection, _ in
                connection.watch?.cancel()
                connection.watch = nil
                connection.readiness.take()?.continuation.resume()
            }
        }
    }

    private func rewatch(
        _ interest: Interest, _ handler: @escaping @Sendable (isolated PostgresConnection, Interest) -> Void
    ) {
        watch?.cancel()
        watch = reactor.watch(PQsocket(handle.pointer), for: interest) { [weak self] readiness in
            self?.assumeIsolated { handler($0, readiness) }
        }
    }

    // MARK: Requests

    /// Runs the statements in one round trip and one implicit transaction, and answers their rows in order.
    ///
    /// - Throws: ``PostgresError`` of the first statement that failed; then none took effect.
    func execute(_ statements: [Statement]) async throws -> [Rows] {
        if let failure { throw failure }
        return try await withCheckedThrowingContinuation { continuation in
            submit(statements, patience: PostgresClient.patience) { continuation.resume(with: $0) }
        }
    }

    /// Sends the statements behind what others have sent, as ``execute(_:)`` does; `answer` is called once, on the
    /// reactor's thread.
    func submit(
        _ statements: [Statement], patience: Duration?, _ answer: @escaping @Sendable (Request.Outcome) -> Void
    ) {
        var request = Request(deadline: deadline(patience), answer: answer)
        for statement in statements {
            guard send(statement, &request) else { break }
        }
        pending.append(request)
        armDeadline(request.deadline)
        // Also writes out what is buffered.
        guard PQpipelineSync(handle.pointer) == 1 else { return lose() }
        flush()
    }

    /// False when libpq could not take the statement, which only a broken connection causes.
    private func send(_ statement: Statement, _ request: inout Request) -> Bool {
        let key = statement.key
        switch cache.plan(key) {
        case .execute(let name):
            request.willExecute(key)
            return handle.sendPrepared(name, statement.binds)
        case .prepare(let name):
            request.willPrepare(key, name: name)
            request.willExecute(key)
            return handle.sendPrepare(name, key) && handle.sendPrepared(name, statement.binds)
        case .unnamed:
            request.willExecute(key)
            return handle.sendUnnamed(statement)
        }
    }

    private func flush() {
        switch PQflush(handle.pointer) {
        case 0: watch?.interest = .read
        case 1: watch?.interest = [.read, .write]
        default: lose()
        }
    }

    private func receive() {
        guard PQconsumeInput(handle.pointer) == 1 else { return lose() }
        while !pending.isEmpty, PQisBusy(handle.pointer) == 0 {
            guard let result = PQgetResult(handle.pointer) else {
                pending[0].endStep()
                continue
            }
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
                PQclear(result)
                complete(pending.removeFirst())
            } else {
                pending[0].take(result)
            }
        }
        if PQstatus(handle.pointer) == CONNECTION_BAD { lose() }
    }

    private func complete(_ request: Request) {
        for (key, name, isPrepared) in request.preparations {
            if isPrepared { cache.confirm(key, name: name) } else { cache.forget(key) }
        }
        var request = request
        request.complete()
    }

    // MARK: Deadlines

    /// Until when the server may take over what a task asks of it now; by default the one that calls.
    func deadline(_ patience: Duration? = PostgresClient.patience) -> ContinuousClock.Instant {
        .now + min(requestTimeout, patience ?? requestTimeout)
    }

    private func armDeadline(_ deadline: ContinuousClock.Instant) {
        deadlineTimer.arm(for: deadline, on: reactor) { [weak self] in
            self?.assumeIsolated { $0.checkDeadlines() }
        }
    }

    /// While the oldest request is late nothing behind it can be answered, so the connection is given up, and the
    /// server told to stop; as when it stops taking or giving the data of a COPY. A request that is late behind one with
    /// more time fails alone.
    private func checkDeadlines() {
        deadlineTimer.disarm()
        let now = ContinuousClock.now
        if let first = [pending.first?.deadline, readiness?.deadline].compactMap(\.self).min(), first <= now {
            canceller.cancel()
            return close(.late)
        }
        for index in pending.indices where pending[index].deadline <= now { pending[index].fail(.late) }
        let rest = pending.lazy.map(\.deadline).filter { $0 > now }.min()
        if let next = [rest, readiness?.deadline].compactMap(\.self).min() { armDeadline(next) }
    }

    /// Suspends until a cancellation that was started can do no harm: it has returned, or, as `PQcancel` waits for the
    /// server without end, the connection is closed.
    func cancellationSettled() async {
        guard canceller.isUnsettled else { return }
        let deadline = reactor.schedule(after: requestTimeout) { [weak self] in
            self?.assumeIsolated { $0.close(.late) }
        }
        defer { deadline.cancel() }
        await canceller.settled()
    }

    // MARK: Closing

    /// Whether a transaction was left open or failed on this connection.
    var isInTransaction: Bool {
        PQtransactionStatus(handle.pointer) != PQTRANS_IDLE
    }

    /// Suspends until the connection is closed, by whichever side.
    func closed() async {
        guard failure == nil else { return }
        await withCheckedContinuation { closeHandlers.append($0) }
    }

    func close() {
        close(PostgresError(.connectionLost, "the connection was closed"))
    }

    func lose() {
        let reason = handle.errorMessage
        close(PostgresError(.connectionLost, reason.isEmpty ? "the connection to PostgreSQL was lost" : reason))
    }

    private func close(_ error: PostgresError) {
        guard failure == nil else { return }
        failure = error
        watch?.cancel()
        watch = nil
        deadlineTimer.disarm()
        canceller.detach()
        handle.finish()
        readiness.take()?.continuation.resume(throwing: error)
        while var request = pending.popFirst() { request.fail(error) }
        for handler in closeHandlers { handler.resume() }
        closeHandlers = []
    }
}
