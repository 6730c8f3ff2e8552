import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Opens the sockets on which clients connect.
enum Listeners {
    /// Binds one socket for each worker, all on one port: the kernel spreads connections over them, and each connection
    /// is accepted on the event loop where it stays.
    ///
    /// - Parameter tls: ends TLS on them; nil takes plain connections.
    /// - Throws: ``CannotListen`` when the address is in use or cannot be had.
    static func bind(
        _ address: GatewayConfiguration.Listener, workers: [NIOLoopBound<Worker>], site: Site.Kind,
        tls: TLSContexts? = nil
    ) async throws -> [any Channel] {
        if address.port != 0 { try await requireUnused(address, on: workers[0].eventLoop) }
        var port = address.port
        var channels: [any Channel] = []
        for worker in workers {
            let channel = try await bootstrap(worker, site, tls).bind(host: address.host, port: port).get()
            port = channel.localAddress?.port ?? port
            channels.append(channel)
        }
        return channels
    }

    /// Binds the address alone for a moment. Sockets that share a port would also share it with another process's,
    /// and a second gateway started by mistake would silently take half of the connections.
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
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    guard let tls else {
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
