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
    var readiness: CheckedContinuation<Void, any Error>?
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
                let error = PostgresError(.unavailable, handle.errorMessage)
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
    func wait(for interest: Interest) async throws {
        if let failure { throw failure }
        try await withCheckedThrowingContinuation { continuation in
            readiness = continuation
            rewatch(interest) { connection, _ in
                connection.watch?.cancel()
                connection.watch = nil
                connection.readiness.take()?.resume()
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
            submit(statements, continuation)
        }
    }

    private func submit(_ statements: [Statement], _ continuation: CheckedContinuation<[Rows], any Error>) {
        var request = Request(deadline: .now + requestTimeout, continuation: continuation)
        for statement in statements {
            guard send(statement, &request) else { break }
        }
        pending.append(request)
        armDeadline()
        // Also writes out what is buffered.
        guard PQpipelineSync(handle.pointer) == 1 else { return lose() }
        flush()
    }

    /// False when libpq could not take the statement, which only a broken connection causes.
    private func send(_ statement: Statement, _ request: inout Request) -> Bool {
        let key = statement.key
        switch cache.plan(key) {
        case .execute(let name):
            request.steps.append(.execute(key))
            return handle.sendPrepared(name, statement.binds)
        case .prepare(let name):
            request.steps += [.prepare(key, name: name), .execute(key)]
            return handle.sendPrepare(name, key) && handle.sendPrepared(name, statement.binds)
        case .unnamed:
            request.steps.append(.execute(key))
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
                pending[0].step += 1
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
        for case .prepare(let key, let name) in request.steps {
            if request.prepared.contains(name) { cache.confirm(key, name: name) } else { cache.forget(key) }
        }
        request.continuation.resume(with: request.error.map { .failure($0) } ?? .success(request.rows))
    }

    /// The oldest request is the first that can be late.
    private func armDeadline() {
        guard let oldest = pending.first else { return }
        deadlineTimer.arm(for: oldest.deadline, on: reactor) { [weak self] in
            self?.assumeIsolated { $0.checkDeadline() }
        }
    }

    private func checkDeadline() {
        deadlineTimer.disarm()
        guard let oldest = pending.first else { return }
        if oldest.deadline <= .now {
            close(PostgresError(.timedOut, "PostgreSQL did not answer in time"))
        } else {
            armDeadline()
        }
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
        readiness.take()?.resume(throwing: error)
        while let request = pending.popFirst() {
            request.continuation.resume(throwing: request.error ?? error)
        }
        for handler in closeHandlers { handler.resume() }
        closeHandlers = []
    }
}

/// One Sync's worth of statements under way.
private struct Request {
    enum Step {
        case prepare(Statement.Key, name: String)
        case execute(Statement.Key)
    }

    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<[Rows], any Error>
    var steps: [Step] = []
    var step = 0
    var prepared: Set<String> = []
    var rows: [Rows] = []
    var error: PostgresError?

    init(deadline: ContinuousClock.Instant, continuation: CheckedContinuation<[Rows], any Error>) {
        self.deadline = deadline
        self.continuation = continuation
    }

    /// Takes a result, and its memory, for the step that is being answered.
    mutating func take(_ result: OpaquePointer) {
        let current = step < steps.count ? steps[step] : nil
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            if case .prepare(_, let name) = current {
                prepared.insert(name)
                PQclear(result)
            } else {
                rows.append(Rows(takingOwnershipOf: result))
            }
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        default:
            if error == nil {
                let text: String? =
                    switch current {
                    case .prepare(let key, _), .execute(let key): key.text
                    case nil: nil
                    }
                error = PostgresError(result: result, statement: text)
            }
            PQclear(result)
        }
    }
}
