import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Listens and proxies until it is told to stop; then takes no more, and lets what is under way finish.
struct ProxyServer: Service {
    let core: GatewayCore
    let group: MultiThreadedEventLoopGroup
    /// What TLS is ended with; nil for nowhere.
    let contexts: TLSContexts?
    let logger: Logger
    /// Told the ports once requests are taken.
    var onListening: @Sendable (_ port: Int, _ adminPort: Int, _ tlsPort: Int?) -> Void = { _, _, _ in }

    /// Called when another gateway has taken the listeners over; stops this one.
    var onHandover: @Sendable () -> Void = {}
    /// Looks once how all services are.
    let check: @Sendable () async -> Void

    func run() async throws {
        let workers = try await makeWorkers()
        do { try await serve(on: workers) } catch {
            await release(workers)
            throw error
        }
        await release(workers)
    }

    /// Serves until the gateway is told to stop, and what was under way then has ended.
    private func serve(on workers: [NIOLoopBound<Worker>]) async throws {
        guard let (listeners, handover) = try await open(workers) else { return }
        do { try handover?.takePlace() } catch {
            // What it has taken over it serves all the same.
            logger.error("no gateway can take over from this one", metadata: ["reason": "\(error)"])
        }
        for listener in listeners.all { try await listener.accept() }
        onListening(listeners.port, listeners.adminPort, listeners.tlsPort)
        guard let follower = await follower(handover, listeners.all.map(\.socket)) else {
            return await drain(workers, closing: listeners.clients, then: listeners.admin)
        }
        logger.notice("another gateway takes over")
        // Probes and metrics are the other gateway's, too.
        await listeners.close()
        follower.begin()
        onHandover()
        // A service that ends before it is told to would take the others down.
        try? await gracefulShutdown()
        await drain(workers)
    }

    /// Opens the listeners, and where the next gateway can take them over; when this returns, no other accepts on them.
    ///
    /// - Returns: nil when the gateway was told to stop before it was ready to follow another, which goes on.
    private func open(_ workers: [NIOLoopBound<Worker>]) async throws -> (GatewayListeners, Handover?)? {
        let configuration = core.current.value.configuration
        var inheritance: Inheritance?
        if let path = configuration.handover { inheritance = try await Inheritance.claim(at: path) }
        // Who follows another begins when it knows what that one knows.
        if inheritance != nil { await check() }
        do {
            let listeners = try await GatewayListeners(
                configuration, contexts, workers, inherited: inheritance?.sockets ?? [])
            let handover: Handover?
            do { handover = try configuration.handover.map { try Handover(at: $0) } } catch {
                await listeners.close()
                throw error
            }
            if let inheritance {
                guard !Task.isShuttingDownGracefully else {
                    await listeners.close()
                    inheritance.abandon()
                    return nil
                }
                await inheritance.confirm()
            }
            log(listeners)
            return (listeners, handover)
        } catch {
            inheritance?.abandon()
            throw error
        }
    }

    private func log(_ listeners: GatewayListeners) {
        let configuration = core.current.value.configuration
        if let contexts, let port = listeners.tlsPort {
            let host = contexts.settings.listener.host
            logger.notice("listening with TLS", metadata: ["host": "\(host)", "port": "\(port)"])
        }
        logger.notice(
            "listening",
            metadata: [
                "host": "\(configuration.listener.host)", "port": "\(listeners.port)",
                "admin_port": "\(listeners.adminPort)",
            ])
    }

    /// Waits until the gateway is told to stop, or another takes over.
    ///
    /// - Returns: who takes the listeners over, if somebody does.
    private func follower(_ handover: Handover?, _ sockets: [ListeningSocket]) async -> Handover.Follower? {
        await withTaskGroup(of: Handover.Follower?.self) { tasks in
            if let handover { tasks.addTask { await handover.giveAway(sockets) } }
            tasks.addTask {
                try? await gracefulShutdown()
                return nil
            }
            var follower: Handover.Follower?
            for await result in tasks {
                tasks.cancelAll()
                follower = follower ?? result
            }
            return follower
        }
    }

    private func makeWorkers() async throws -> [NIOLoopBound<Worker>] {
        var workers: [NIOLoopBound<Worker>] = []
        for (index, loop) in group.makeIterator().enumerated() {
            let core = core
            let worker = try await loop.submit {
                let worker = Worker(loop: loop, index: index, core: core)
                worker.start()
                return NIOLoopBound(worker, eventLoop: loop)
            }.get()
            workers.append(worker)
        }
        await core.register(workers)
        return workers
    }

    /// Lets what is under way finish, for as long as it may take.
    ///
    /// - Parameters:
    ///   - listeners: closed before.
    ///   - admin: closed behind it.
    private func drain(
        _ workers: [NIOLoopBound<Worker>], closing listeners: [Listener] = [], then admin: [Listener] = []
    ) async {
        for listener in listeners { await listener.close() }
        logger.notice("draining")
        let drained = workers.map { worker in
            worker.eventLoop.flatSubmit { worker.value.drain() }
        }
        let deadline = group.next().scheduleTask(in: core.current.value.configuration.drainTimeout) {}
        let all = EventLoopFuture.andAllComplete(drained, on: group.next())
        await firstOf(all, deadline.futureResult)
        deadline.cancel()
        for listener in admin { await listener.close() }
    }

    private func release(_ workers: [NIOLoopBound<Worker>]) async {
        for worker in workers { try? await worker.eventLoop.submit { worker.value.stop() }.get() }
        core.unregister()
    }

    private func firstOf(_ one: EventLoopFuture<Void>, _ other: EventLoopFuture<Void>) async {
        let promise = one.eventLoop.makePromise(of: Void.self)
        one.whenComplete { _ in promise.succeed() }
        other.whenComplete { _ in promise.succeed() }
        try? await promise.futureResult.get()
    }
}
