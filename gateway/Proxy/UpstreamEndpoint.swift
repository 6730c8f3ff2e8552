import NIOCore

/// One copy of a service, as one event loop uses it.
final class UpstreamEndpoint {
    let address: SocketAddress
    let name: String
    var health: CopyHealth
    /// Requests that this event loop has under way there.
    var outstanding = 0
    /// Connections between requests, the most recently used last.
    var idle: [UpstreamConnection] = []
    /// What small requests share, once it is there.
    var multiplexed: MultiplexedConnection?
    /// When such a connection may be tried for again.
    var multiplexesFrom = NIODeadline.uptimeNanoseconds(0)
    /// Requests that all event loops have under way there.
    let load: CopyLoad

    init(_ copy: UpstreamCopy, firstUsed: NIODeadline?) {
        address = copy.address
        name = copy.name
        health = CopyHealth(isReady: copy.isReady, firstUsed: firstUsed)
        load = copy.load
    }

    func closeIdle() {
        let idle = idle
        self.idle = []
        for connection in idle { connection.close() }
        multiplexed?.end()
    }

    /// A connection for a small request beside others; where there is none it is made, for those who come later.
    func shared(on loop: any EventLoop, now: NIODeadline) -> MultiplexedConnection? {
        if let multiplexed { return multiplexed.isOpen ? multiplexed : nil }
        guard multiplexesFrom <= now else { return nil }
        let connection = MultiplexedConnection(self, on: loop, now: now)
        multiplexed = connection
        connection.open()
        return nil
    }
}
