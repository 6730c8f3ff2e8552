import NIOCore
import ServiceKit
import Synchronization

/// Everything that belongs to one event loop: its client connections, its connections to services, its counts.
///
/// A connection stays on the loop that accepted it, and so do the connections to services that it uses; nothing here is
/// locked.
final class Worker {
    /// How often deadlines are looked at: a time-out is this much late at most.
    static let tickInterval = TimeAmount.milliseconds(200)

    let loop: any EventLoop
    let core: GatewayCore
    private let index: Int
    let pools: [UpstreamPool]
    var requestIDs = RequestIDs()
    /// Heads are written here; between two events it is nobody's.
    var scratch = ByteBuffer()
    var counters: Counters
    /// The time of the last event that looked at the clock, at most a tick old.
    private(set) var now = NIODeadline.now()
    private(set) var date = ByteBuffer()
    private(set) var isDraining = false

    private var connections: [any TimedConnection] = []
    private var published: Counters
    private var lines: AccessLines?
    private var directoryVersion = -1
    private var ticker: RepeatedTask?
    private var drained: EventLoopPromise<Void>?

    init(loop: any EventLoop, index: Int, core: GatewayCore) {
        self.loop = loop
        self.index = index
        self.core = core
        let configuration = core.configuration
        pools = configuration.upstreams.map { group in
            UpstreamPool(
                policy: group.policy, idleLimit: configuration.upstreamIdleConnections,
                idleTimeout: configuration.upstreamIdleTimeout)
        }
        counters = Counters(groups: configuration.upstreams.count)
        published = counters
        lines = core.accessLog.map { AccessLines($0) }
    }

    // MARK: Connections

    /// Takes a new connection, unless it is one too many, of all or of its address, or comes while the gateway stops: it
    /// is to be closed then.
    func admit(_ connection: any TimedConnection, on site: Site, from origin: ClientOrigin) -> Bool {
        let open = core.connections.add(1, ordering: .relaxed).newValue
        add(connection)
        counters.connections += 1
        counters.openConnections += 1
        guard open <= core.configuration.clients.connections, !isDraining,
            !site.isPublic || count(connection, for: origin.addressHash)
        else {
            counters.refusedConnections += 1
            return false
        }
        return true
    }

    private func count(_ connection: any TimedConnection, for address: UInt64) -> Bool {
        guard core.addressConnections.open(address) else { return false }
        connection.countedAddress = address
        return true
    }

    /// Takes what is part of a connection.
    func add(_ connection: any TimedConnection) {
        connection.slot = connections.count
        connections.append(connection)
    }

    func remove(_ connection: any TimedConnection) {
        guard let slot = connection.slot else { return }
        connection.slot = nil
        let last = connections.removeLast()
        if last !== connection {
            connections[slot] = last
            last.slot = slot
        }
        if connection.isCounted {
            counters.openConnections -= 1
            core.connections.subtract(1, ordering: .relaxed)
        }
        if let address = connection.countedAddress {
            connection.countedAddress = nil
            core.addressConnections.close(address)
        }
        if connections.isEmpty { drained?.succeed() }
    }

    // MARK: Time

    /// Reads the clock.
    func readClock() -> NIODeadline {
        now = .now()
        return now
    }

    func start() {
        tick()
        let bound = NIOLoopBound(self, eventLoop: loop)
        ticker = loop.scheduleRepeatedTask(initialDelay: Self.tickInterval, delay: Self.tickInterval) { _ in
            bound.value.tick()
        }
    }

    private func tick() {
        now = .now()
        date = ByteBuffer(string: HTTPDate.text())
        if let (version, copies) = core.directory.changes(since: directoryVersion) {
            directoryVersion = version
            for (pool, copies) in zip(pools, copies) { pool.update(copies, now: now) }
        }
        // From the end, as a connection that closes is replaced by the last one.
        for slot in connections.indices.reversed() where slot < connections.count {
            connections[slot].checkDeadline(now)
        }
        for pool in pools { pool.closeIdle(now: now) }
        report()
    }

    // MARK: Counts and log

    /// Counts a request that is over, and writes its line.
    func record(_ record: AccessLog.Record, group: Int?) {
        counters.count(group: group, status: record.status, bytes: record.bytes, latency: record.duration)
        core.metrics.record(duration: record.duration, group: group)
        lines?.append(record)
    }

    private func report() {
        for (group, pool) in pools.enumerated() { counters.groups[group].note(pool, now: now) }
        core.metrics.publish(counters, last: published, worker: index)
        published = counters
        lines?.flush()
    }

    // MARK: Shutdown

    /// Lets what is under way finish, and closes the rest.
    ///
    /// - Returns: completes when no client connection is left.
    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        let promise = loop.makePromise(of: Void.self)
        drained = promise
        for connection in connections.reversed() { connection.drain() }
        if connections.isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Closes everything.
    func stop() {
        for connection in connections.reversed() { connection.abort() }
        for pool in pools { pool.closeAll() }
        ticker?.cancel()
        report()
    }
}
