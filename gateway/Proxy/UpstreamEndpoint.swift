import NIOCore

/// One copy of a service, as one event loop uses it.
final class UpstreamEndpoint {
    let address: SocketAddress
    let name: String
    /// The address as the access log shows it.
    let text: String
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
    private(set) var load: CopyLoad
    /// When it last began to answer a request of this event loop.
    var lastAnswer = NIODeadline.uptimeNanoseconds(0)

    init(_ copy: UpstreamCopy, firstUsed: NIODeadline?) {
        address = copy.address
        name = copy.name
        text = copy.address.text
        health = CopyHealth(isReady: copy.isReady, firstUsed: firstUsed)
        load = copy.load
    }

    /// Counts by `load` from now on, as the other event loops do.
    ///
    /// - Parameter isCounted: whether requests are counted at all.
    func count(by load: CopyLoad, isCounted: Bool) {
        guard load !== self.load else { return }
        if isCounted {
            load.add(outstanding)
            self.load.add(-outstanding)
        }
        self.load = load
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

extension SocketAddress {
    /// Address and port, as they stand in a URL.
    fileprivate var text: String {
        let host = ipAddress ?? "unknown"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}
