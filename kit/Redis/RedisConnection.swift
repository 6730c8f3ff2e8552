import Reactor
import Synchronization

/// One connection to the server. Commands of many tasks are pipelined on it: nobody waits for another's reply.
///
/// `RedisClient` keeps one for everybody; one of your own, for commands that block, comes from
/// ``RedisClient/withConnection(_:)``.
public actor RedisConnection {
    /// hiredis is only ever touched on the reactor's thread.
    nonisolated public var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    private let configuration: RedisConfiguration
    private let onPush: @Sendable (RESPValue) -> Void
    private let outbox = Mutex(Outbox())
    private var context: HiredisContext?
    private var pending: PendingReplies<Promise<RESPValue>>
    private var deadlineTimer = DeadlineTimer()

    private init(_ configuration: RedisConfiguration, onPush: @escaping @Sendable (RESPValue) -> Void) {
        self.configuration = configuration
        self.onPush = onPush
        pending = PendingReplies(grace: configuration.commandTimeout)
    }

    /// Why the connection has ended, or nil while it lives.
    nonisolated var endReason: String? {
        outbox.withLock { $0.endReason }
    }

    /// Calls `action` once, when the connection has ended or at once if it has ended already.
    nonisolated func whenEnded(_ action: @escaping @Sendable (String) -> Void) {
        let reason = outbox.withLock { outbox in
            if outbox.endReason == nil { outbox.onEnd = action }
            return outbox.endReason
        }
        if let reason { action(reason) }
    }

    /// Ends the connection. Commands without a reply fail with ``RedisError/connectionClosed(reason:)``.
    func close(reason: String = "closed by this side") {
        if let context { context.close(reason: reason) } else { ended(reason: reason) }
    }
}

// MARK: - Connecting

extension RedisConnection {
    /// Connects to the first address of the host that answers, logs in and selects the database.
    ///
    /// - Throws: ``RedisError``, or `CancellationError`.
    static func connect(
        to configuration: RedisConfiguration, onPush: @escaping @Sendable (RESPValue) -> Void = { _ in }
    ) async throws -> RedisConnection {
        var failure = RedisError.connectionFailed(address: configuration.address, reason: "the host has no address")
        for address in try await addresses(of: configuration) {
            let connection = RedisConnection(configuration, onPush: onPush)
            do {
                try await connection.open(address)
                return connection
            } catch {
                await connection.close()
                guard let error = error as? RedisError else { throw error }
                failure = connection.asConnectFailure(error)
            }
        }
        throw failure
    }

    private static func addresses(of configuration: RedisConfiguration) async throws -> [String] {
        do {
            return try await resolve(host: configuration.host)
        } catch let error as ResolutionError {
            throw RedisError.connectionFailed(address: configuration.address, reason: error.reason)
        }
    }

    /// The replies to the first commands tell that the connection stands; PING is refused while the server loads its
    /// data or wants a password.
    private func open(_ address: String) async throws {
        context = try HiredisContext(address: address, port: configuration.port) { [self] event in
            assumeIsolated { $0.handle(event) }
        }
        for reply in sendLogin() { _ = try Self.value(of: try await reply.value()) }
    }

    private func sendLogin() -> [Promise<RESPValue>] {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            commands.append(RedisCommand("AUTH", [configuration.username, password].compactMap(\.self)))
        }
        if configuration.database != 0 { commands.append(RedisCommand("SELECT", configuration.database)) }
        commands.append(RedisCommand("PING"))
        return commands.map { command in
            let reply = Promise<RESPValue>()
            send(command, reply, deadline: .now + configuration.connectTimeout)
            return reply
        }
    }

    /// While connecting, a lost connection and a missing answer mean that there is no connection to be had.
    private nonisolated func asConnectFailure(_ error: RedisError) -> RedisError {
        switch error {
        case .connectionClosed(let reason): .connectionFailed(address: configuration.address, reason: reason)
        case .timedOut: .connectionFailed(address: configuration.address, reason: "no answer in time")
        case .unavailable, .connectionFailed, .server, .unexpectedReply: error
        }
    }
}

// MARK: - Sending

extension RedisConnection: RedisCommands {
    public nonisolated func send(_ command: RedisCommand) async throws -> RESPValue {
        let request = Request(command: command)
        if try enqueue([request]) { await drainOutbox() }
        return try Self.value(of: try await request.reply.value())
    }

    public nonisolated func pipeline(_ commands: [RedisCommand]) async throws -> [RESPValue] {
        let requests = commands.map(Request.init)
        if try enqueue(requests) { await drainOutbox() }
        var replies: [RESPValue] = []
        replies.reserveCapacity(requests.count)
        for request in requests { replies.append(try await request.reply.value()) }
        return replies
    }

    /// Subscribes or unsubscribes; confirmations and messages come as pushes.
    func sendSubscription(_ command: RedisCommand) {
        context?.sendSubscription(command)
    }

    private static func value(of reply: RESPValue) throws(RedisError) -> RESPValue {
        if case .error(let prefix, let message) = reply { throw .server(prefix: prefix, message: message) }
        return reply
    }

    /// Whether the caller must drain the outbox. Only the first of those who find it empty does, so that a burst of
    /// commands from many tasks costs one hop to the reactor.
    private nonisolated func enqueue(_ requests: [Request]) throws(RedisError) -> Bool {
        let (isFirst, endReason) = outbox.withLock { outbox in
            guard outbox.endReason == nil else { return (false, outbox.endReason) }
            defer { outbox.requests.append(contentsOf: requests) }
            return (outbox.requests.isEmpty, nil)
        }
        if let endReason { throw .unavailable(reason: endReason) }
        return isFirst
    }

    private func drainOutbox() {
        let requests = outbox.withLock { outbox in
            defer { outbox.requests = [] }
            return outbox.requests
        }
        let now = ContinuousClock.now
        for request in requests {
            let allowance = configuration.commandTimeout + request.command.blocksFor
            send(request.command, request.reply, deadline: now + allowance)
        }
    }

    private func send(_ command: RedisCommand, _ reply: Promise<RESPValue>, deadline: ContinuousClock.Instant) {
        pending.append(reply, deadline: deadline)
        context?.send(command)
        armDeadline()
    }
}

// MARK: - What happens to it

extension RedisConnection {
    private func handle(_ event: HiredisContext.Event) {
        switch event {
        case .reply(let value): pending.popAnswered()?.settle(.success(value))
        case .push(let value): onPush(value)
        case .closed(let reason): ended(reason: reason)
        }
    }

    private func armDeadline() {
        guard context != nil, let next = pending.nextCheck else { return }
        deadlineTimer.arm(for: next, on: .shared) { [self] in
            assumeIsolated { $0.checkDeadlines() }
        }
    }

    private func checkDeadlines() {
        deadlineTimer.disarm()
        let now = ContinuousClock.now
        for reply in pending.popExpired(now: now) { reply.settle(.failure(RedisError.timedOut)) }
        if pending.isStalled(now: now) {
            close(reason: "the server has stopped answering")
        } else {
            armDeadline()
        }
    }

    private func ended(reason: String) {
        context = nil
        deadlineTimer.disarm()
        let (unsent, onEnd) = outbox.withLock { $0.end(reason: reason) }
        for reply in pending.removeAll() + unsent.map(\.reply) {
            reply.settle(.failure(RedisError.connectionClosed(reason: reason)))
        }
        onEnd?(reason)
    }
}

private struct Request: Sendable {
    let command: RedisCommand
    let reply = Promise<RESPValue>()
}

/// What tasks hand to the connection from their own threads.
private struct Outbox {
    var requests: [Request] = []
    var onEnd: (@Sendable (String) -> Void)?
    private(set) var endReason: String?

    /// What to fail and whom to tell; nothing the second time.
    mutating func end(reason: String) -> ([Request], (@Sendable (String) -> Void)?) {
        defer {
            endReason = endReason ?? reason
            requests = []
            onEnd = nil
        }
        return (requests, onEnd)
    }
}
