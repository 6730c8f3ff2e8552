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
    }
}
