import NIOCore

/// One copy of a service, as one event loop uses it.
final class UpstreamEndpoint {
    let address: SocketAddress
    let name: String
    var isHealthy: Bool
    /// Requests that this event loop has under way there.
    var outstanding = 0
    /// Until when it is passed over, having refused a connection.
    var avoidedUntil = NIODeadline.uptimeNanoseconds(0)
    /// Connections between requests, the most recently used last.
    var idle: [UpstreamConnection] = []

    init(_ copy: UpstreamCopy) {
        address = copy.address
        name = copy.name
        isHealthy = copy.isHealthy
    }
}

/// The connections of one event loop to one service.
final class UpstreamPool {
    enum Lease {
        case reuse(UpstreamConnection)
        case connect(UpstreamEndpoint)
        /// No copy of the service is known.
        case none
    }

    /// How long a copy that refused a connection is passed over while there are others.
    private static let avoidance = TimeAmount.seconds(1)

    private var endpoints: [UpstreamEndpoint] = []
    private var rotation = 0
    private let idleLimit: Int
    private let idleTimeout: TimeAmount

    init(idleLimit: Int, idleTimeout: TimeAmount) {
        self.idleLimit = idleLimit
        self.idleTimeout = idleTimeout
    }

    /// A connection for one request.
    ///
    /// - Parameter fresh: whether an idle connection will not do, the last one having been stale.
    func lease(now: NIODeadline, fresh: Bool) -> Lease {
        guard let endpoint = choose(now: now) else { return .none }
        endpoint.outstanding += 1
        if !fresh, let connection = endpoint.idle.popLast() { return .reuse(connection) }
        return .connect(endpoint)
    }

    /// Takes a connection back that is between two requests.
    func giveBack(_ connection: UpstreamConnection, now: NIODeadline) {
        let endpoint = connection.endpoint
        endpoint.outstanding -= 1
        guard endpoint.idle.count < idleLimit, endpoints.contains(where: { $0 === endpoint }) else {
            return connection.close()
        }
        connection.idleUntil = now + idleTimeout
        endpoint.idle.append(connection)
    }

    /// A leased connection will not come back.
    func forget(_ endpoint: UpstreamEndpoint) {
        endpoint.outstanding -= 1
    }

    /// A copy could not be connected to.
    ///
    /// - Returns: where else the request could go.
    func avoid(_ endpoint: UpstreamEndpoint, now: NIODeadline) -> Exchange.Others {
        endpoint.avoidedUntil = now + Self.avoidance
        if endpoints.contains(where: { $0.isHealthy && $0.avoidedUntil <= now }) { return .available }
        return endpoint.isHealthy ? .soon : .none
    }

    /// An idle connection was closed by the service.
    func remove(_ connection: UpstreamConnection) {
        connection.endpoint.idle.removeAll { $0 === connection }
    }

    /// Closes what has been idle for too long. The oldest stand first, as the newest are used first.
    func closeIdle(now: NIODeadline) {
        for endpoint in endpoints {
            let expired = endpoint.idle.prefix { $0.idleUntil <= now }
            endpoint.idle.removeFirst(expired.count)
            for connection in expired { connection.close() }
        }
    }

    func closeAll() {
        for endpoint in endpoints {
            let idle = endpoint.idle
            endpoint.idle = []
            for connection in idle { connection.close() }
        }
    }

    /// Takes over what is known of the service, keeping the connections to the copies that are still there.
    func update(_ copies: [UpstreamCopy]) {
        var old = endpoints
        endpoints = copies.map { copy in
            guard let index = old.firstIndex(where: { $0.address == copy.address }) else {
                return UpstreamEndpoint(copy)
            }
            let endpoint = old.remove(at: index)
            endpoint.isHealthy = copy.isHealthy
            return endpoint
        }
        for endpoint in old {
            let idle = endpoint.idle
            endpoint.idle = []
            for connection in idle { connection.close() }
        }
    }

    /// The copy with the fewest requests under way, among those that are well if there are any; else among all, as a
    /// check may be wrong and a try costs little.
    private func choose(now: NIODeadline) -> UpstreamEndpoint? {
        guard endpoints.count > 1 else { return endpoints.first }
        rotation &+= 1
        var best: UpstreamEndpoint?
        for offset in endpoints.indices {
            let candidate = endpoints[(offset + rotation) % endpoints.count]
            guard let current = best else {
                best = candidate
                continue
            }
            let isWell = candidate.isHealthy && candidate.avoidedUntil <= now
            let currentIsWell = current.isHealthy && current.avoidedUntil <= now
            if isWell != currentIsWell ? isWell : candidate.outstanding < current.outstanding { best = candidate }
        }
        return best
    }
}
