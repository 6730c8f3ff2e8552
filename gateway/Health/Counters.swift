import NIOCore

/// What one event loop has counted since it started.
struct Counters: Sendable {
    /// Requests by the hundreds of their status, 1xx first.
    struct Statuses: Sendable, Equatable {
        private(set) var counts = [0, 0, 0, 0, 0]
        var total: Int { counts.reduce(0, +) }

        mutating func count(_ status: Int) { counts[min(max(status / 100 - 1, 0), 4)] += 1 }

        static func += (total: inout Self, other: Self) {
            for index in total.counts.indices { total.counts[index] += other.counts[index] }
        }
    }

    /// What is counted for one service, or for the gateway's own answers.
    struct Group: Sendable, Equatable {
        var statuses = Statuses()
        var durationMicroseconds = 0
        var retries = 0
        /// Connections lost or refused, and answers that were none.
        var failures = 0
        /// Copies passed over for failing, each time that an event loop did so.
        var ejections = 0
        /// Requests not sent again, the budget for that being spent.
        var unrepeated = 0
        /// Requests refused, every copy having as many as it may.
        var overloads = 0
        /// Requests and tunnels under way.
        var outstanding = 0
        /// Copies passed over now for failing, summed over the event loops.
        var ejected = 0

        /// Takes over what a pool of connections counts.
        mutating func note(_ pool: UpstreamPool, now: NIODeadline) {
            ejections = pool.counts.ejections
            unrepeated = pool.counts.unrepeated
            overloads = pool.counts.overloads
            outstanding = pool.outstanding
            ejected = pool.ejected(now: now)
        }
    }

    /// One for each upstream, by its place.
    var groups: [Group] = []
    /// What the gateway answers itself.
    var own = Group()
    /// One for each route, by its place.
    var routes: [Statuses] = []
    var connections = 0
    var openConnections = 0
    /// Connections closed at once, there being too many.
    var refusedConnections = 0
    var openTunnels = 0
    /// Requests answered 429.
    var limited = 0
    var bytesSent = 0
    /// Requests given up by their clients.
    var abandoned = 0

    /// Makes room for more upstreams and routes.
    mutating func grow(to groupCount: Int, routes routeCount: Int) {
        while groups.count < groupCount { groups.append(Group()) }
        while routes.count < routeCount { routes.append(Statuses()) }
    }

    /// Counts a request that is over.
    mutating func count(group: Int?, route: Int, status: Int, bytes: Int, latency: TimeAmount) {
        let microseconds = Int(max(0, latency.nanoseconds) / 1000)
        routes[route].count(status)
        if let group {
            groups[group].count(status, microseconds)
        } else {
            own.count(status, microseconds)
        }
        bytesSent += bytes
    }

    static func += (total: inout Counters, other: Counters) {
        total.grow(to: other.groups.count, routes: other.routes.count)
        for (index, group) in other.groups.enumerated() { total.groups[index] += group }
        total.own += other.own
        for (index, route) in other.routes.enumerated() { total.routes[index] += route }
        total.connections += other.connections
        total.openConnections += other.openConnections
        total.refusedConnections += other.refusedConnections
        total.openTunnels += other.openTunnels
        total.limited += other.limited
        total.bytesSent += other.bytesSent
        total.abandoned += other.abandoned
    }
}

extension Counters.Group {
    fileprivate mutating func count(_ status: Int, _ microseconds: Int) {
        statuses.count(status)
        durationMicroseconds += microseconds
    }

    static func += (total: inout Self, other: Self) {
        total.statuses += other.statuses
        total.durationMicroseconds += other.durationMicroseconds
        total.retries += other.retries
        total.failures += other.failures
        total.ejections += other.ejections
        total.unrepeated += other.unrepeated
        total.overloads += other.overloads
        total.outstanding += other.outstanding
        total.ejected += other.ejected
    }
}
