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

    func run() async throws {
        let workers = try await makeWorkers()
        let configuration = core.current.value.configuration
        var listeners = try await Listeners.bind(configuration.listener, workers: workers, site: .open)
        var tlsPort: Int?
        if let contexts {
            let address = contexts.settings.listener
            let more = try await Listeners.bind(address, workers: workers, site: .secure, tls: contexts)
            tlsPort = more[0].localAddress?.port ?? address.port
            listeners += more
            logger.notice("listening with TLS", metadata: ["host": "\(address.host)", "port": "\(tlsPort ?? 0)"])
        }
        let admin = try await Listeners.bind(configuration.admin, workers: [workers[0]], site: .operators)
        let port = listeners[0].localAddress?.port ?? configuration.listener.port
        let adminPort = admin[0].localAddress?.port ?? configuration.admin.port
        logger.notice(
            "listening",
            metadata: ["host": "\(configuration.listener.host)", "port": "\(port)", "admin_port": "\(adminPort)"])
        onListening(port, adminPort, tlsPort)
        try? await gracefulShutdown()
        await stop(listeners, admin, workers)
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
        _ listeners: [any Channel], _ admin: [any Channel], _ workers: [NIOLoopBound<Worker>]
    ) async {
        for listener in listeners { try? await listener.close().get() }
        logger.notice("draining")
        let drained = workers.map { worker in
            worker.eventLoop.flatSubmit { worker.value.drain() }
        }
        let deadline = group.next().scheduleTask(in: core.current.value.configuration.drainTimeout) {}
        let all = EventLoopFuture.andAllComplete(drained, on: group.next())
        await firstOf(all, deadline.futureResult)
        deadline.cancel()
        for listener in admin { try? await listener.close().get() }
        for worker in workers { try? await worker.eventLoop.submit { worker.value.stop() }.get() }
    }

    private func firstOf(_ one: EventLoopFuture<Void>, _ other: EventLoopFuture<Void>) async {
        let promise = one.eventLoop.makePromise(of: Void.self)
        one.whenComplete { _ in promise.succeed() }
        other.whenComplete { _ in promise.succeed() }
        try? await promise.futureResult.get()
    }
}
