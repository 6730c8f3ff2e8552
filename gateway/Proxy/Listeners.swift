import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What accepts connections on a listening socket.
struct Listener: Sendable {
    let channel: any Channel
    /// Held beside the channel's own descriptor, so that it can be handed over.
    let socket: ListeningSocket

    var port: Int { socket.address?.port ?? 0 }

    /// Begins to accept.
    func accept() async throws { try await channel.setOption(.autoRead, value: true).get() }

    func close() async {
        try? await channel.close().get()
        socket.close()
    }
}

/// Opens the sockets on which clients connect.
enum Listeners {
    /// Listens with one socket for each worker, all on one port: the kernel spreads connections over them, and each
    /// connection is accepted on the event loop where it stays. None is before ``Listener/accept()``.
    ///
    /// - Parameters:
    ///   - tls: ends TLS on them; nil takes plain connections.
    ///   - inherited: those of another process. Each at this address gets a worker, since clients wait in all of them.
    /// - Throws: ``CannotListen`` when the address is in use or cannot be had.
    static func open(
        _ address: GatewayConfiguration.Listener, workers: [NIOLoopBound<Worker>], site: Site.Kind,
        tls: TLSContexts? = nil, inherited: [ListeningSocket] = []
    ) async throws -> [Listener] {
        let wanted = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        let known = inherited.filter { $0.address == wanted || address.port == 0 && $0.kind == site }
        // The other process's own are no obstacle: the port may be the same on another of the machine's addresses.
        if address.port != 0, !inherited.contains(where: { $0.address?.port == address.port }) {
            try await requireUnused(address, on: workers[0].eventLoop)
        }
        var listeners: [Listener] = []
        do {
            for index in 0..<max(known.count, workers.count) {
                let socket: ListeningSocket
                if index < known.count {
                    socket = try known[index].duplicate(as: site)
                } else {
                    socket = try ListeningSocket(
                        listeningOn: listeners.first?.socket.address ?? wanted, kind: site)
                }
                listeners.append(try await listener(on: socket, bootstrap(workers[index % workers.count], site, tls)))
            }
        } catch {
            for listener in listeners { await listener.close() }
            guard let error = error as? SocketError else { throw error }
            throw CannotListen(address: address, errnoCode: error.errnoCode)
        }
        return listeners
    }

    private static func listener(on socket: ListeningSocket, _ bootstrap: ServerBootstrap) async throws -> Listener {
        do {
            let channel = try await bootstrap.withBoundSocket(socket.duplicate(as: socket.kind).descriptor).get()
            let listener = Listener(channel: channel, socket: socket)
            // The channel has set a backlog of its own.
            try socket.listen()
            return listener
        } catch {
            socket.close()
            throw error
        }
    }

    /// Binds the address alone for a moment. Sockets that share a port would also share it with another process's,
    /// and a second gateway started by mistake would silently take half of the connections. One that follows another
    /// comes by its sockets (``Handover``).
    private static func requireUnused(_ address: GatewayConfiguration.Listener, on loop: any EventLoop) async throws {
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: loop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                // Whom it accepted nobody would answer; without, who connects now is reset and tries again.
                .serverChannelOption(.autoRead, value: false)
                .bind(host: address.host, port: address.port).get()
        } catch let error as IOError {
            throw CannotListen(address: address, errnoCode: error.errnoCode)
        }
        try await channel.close().get()
    }

    private static func bootstrap(
        _ worker: NIOLoopBound<Worker>, _ site: Site.Kind, _ tls: TLSContexts?
    ) -> ServerBootstrap {
        ServerBootstrap(group: worker.eventLoop)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    guard let tls else {
                        // Who ends its side may still be waiting for answers.
                        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                        return try pipeline.addHandler(ClientConnection(worker: worker.value, site: site))
                    }
                    try pipeline.addHandler(NIOSSLServerHandler(context: tls.current))
                    try pipeline.addHandler(
                        SecureConnection(worker: worker.value, site: site, streamLimit: tls.settings.streams))
                }
            }
    }
}

/// An address that cannot be listened on.
struct CannotListen: Error, CustomStringConvertible {
    let address: GatewayConfiguration.Listener
    let errnoCode: CInt

    var description: String {
        "cannot listen on \(address.host):\(address.port): \(String(cString: strerror(errnoCode)))"
    }
}
