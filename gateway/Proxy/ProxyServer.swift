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
        let configuration = core.current.value.configuration
        var inheritance: Inheritance?
        if let path = configuration.handover { inheritance = try await Inheritance.claim(at: path) }
        // Who follows another begins when it knows what that one knows.
        if inheritance != nil { await check() }
        let inherited = inheritance?.sockets ?? []
        let accepts = inheritance == nil
        var listeners = try await Listeners.open(
            configuration.listener, workers: workers, site: .open, inherited: inherited, accepts: accepts)
        let port = listeners[0].port
        var tlsPort: Int?
        if let contexts {
            let address = contexts.settings.listener
            let more = try await Listeners.open(
                address, workers: workers, site: .secure, tls: contexts, inherited: inherited, accepts: accepts)
            tlsPort = more[0].port
            listeners += more
            logger.notice("listening with TLS", metadata: ["host": "\(address.host)", "port": "\(tlsPort ?? 0)"])
        }
        let admin = try await Listeners.open(
            configuration.admin, workers: [workers[0]], site: .operators, inherited: inherited,
            accepts: accepts)
        logger.notice(
            "listening",
            metadata: ["host": "\(configuration.listener.host)", "port": "\(port)", "admin_port": "\(admin[0].port)"])
        let used = Set((listeners + admin).map(\.socket.descriptor))
        for socket in inherited where !used.contains(socket.descriptor) { socket.close() }
        let handover = try configuration.handover.map { try Handover(at: $0) }
        if let inheritance {
            await inheritance.confirm()
            for listener in listeners + admin { try await listener.accept() }
        }
        onListening(port, admin[0].port, tlsPort)
        guard let follower = await untilEnd(handover, (listeners + admin).map(\.socket)) else {
            return await stop(listeners, admin, workers)
        }
        logger.notice("another gateway takes over")
        // Probes and metrics are the other gateway's, too.
        for listener in listeners + admin { await listener.close() }
        follower.begin()
        onHandover()
        // A service that ends before it is told to would take the others down.
        try? await gracefulShutdown()
        await stop([], [], workers)
    }

    /// Waits until the gateway is told to stop.
    ///
    /// - Returns: who takes the listeners over, if somebody does.
    private func untilEnd(_ handover: Handover?, _ sockets: [ListeningSocket]) async -> Handover.Follower? {
        guard let handover else {
            try? await gracefulShutdown()
            return nil
        }
        return await withTaskGroup(of: Handover.Follower?.self) { tasks in
            tasks.addTask {
                try? await gracefulShutdown()
                return nil
            }
            tasks.addTask { await handover.giveAway(sockets) }
            defer { tasks.cancelAll() }
            return await tasks.next() ?? nil
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

    private func stop(
        _ listeners: [Listener], _ admin: [Listener], _ workers: [NIOLoopBound<Worker>]
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
        for worker in workers { try? await worker.eventLoop.submit { worker.value.stop() }.get() }
    }

    private func firstOf(_ one: EventLoopFuture<Void>, _ other: EventLoopFuture<Void>) async {
        let promise = one.eventLoop.makePromise(of: Void.self)
        one.whenComplete { _ in promise.succeed() }
        other.whenComplete { _ in promise.succeed() }
        try? await promise.futureResult.get()
    }
}
