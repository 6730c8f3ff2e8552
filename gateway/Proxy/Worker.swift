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
    /// What is served by now; replaced between two events.
    private(set) var generation: Generation
    /// The connections to the upstreams, by their places.
    private(set) var pools: [UpstreamPool] = []
    var requestIDs = RequestIDs()
    /// Heads are written here; between two events it is nobody's.
    var scratch = ByteBuffer()
    /// Bytes: a scratch buffer that has grown beyond them is not kept.
    private static let scratchLimit = 64 * 1024
    var counters: Counters
    /// Answers that are being compressed.
    var compressions = 0
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
        generation = core.current.value
        counters = Counters()
        published = counters
        lines = core.accessLog.map { AccessLines($0) }
        makePools()
    }

    // MARK: Generations

    /// Serves by another generation from now on. What is under way goes on as it began.
    func adopt(_ next: Generation) {
        guard next.number > generation.number else { return }
        generation = next
        makePools()
        takeCopies(since: -1)
    }

    /// Follows the upstreams of the generation.
    private func makePools() {
        let configuration = generation.configuration
        for (index, group) in configuration.upstreams.enumerated() {
            if index < pools.count {
                pools[index].change(
                    policy: group.policy, idleLimit: configuration.upstreamIdleConnections,
                    idleTimeout: configuration.upstreamIdleTimeout)
            } else {
                pools.append(
                    UpstreamPool(
                        policy: group.policy, idleLimit: configuration.upstreamIdleConnections,
                        idleTimeout: configuration.upstreamIdleTimeout))
            }
        }
        counters.grow(to: pools.count, routes: generation.routes.count)
        published.grow(to: pools.count, routes: generation.routes.count)
    }

    private func takeCopies(since last: Int) {
        guard let (version, copies) = core.directory.changes(since: last) else { return }
        directoryVersion = version
        for (pool, copies) in zip(pools, copies) { pool.update(copies, now: now) }
    }

    func site(_ kind: Site.Kind) -> Site {
        switch kind {
        case .open: generation.open
        case .secure: generation.secure
        case .operators: core.operators
        }
    }

    // MARK: Connections

    /// Takes a new connection, unless it is one too many, of all or of its address, or comes while the gateway stops: it
    /// is to be closed then.
    func admit(_ connection: any TimedConnection, isPublic: Bool, from origin: ClientOrigin) -> Bool {
        let open = core.connections.add(1, ordering: .relaxed).newValue
        add(connection)
        counters.connections += 1
        counters.openConnections += 1
        guard open <= generation.configuration.clients.connections, !isDraining,
            !isPublic || count(connection, for: origin)
        else {
            counters.refusedConnections += 1
            return false
        }
        return true
    }

    /// Counts a connection for its address, unless that is a proxy's, by which many come.
    private func count(_ connection: any TimedConnection, for origin: ClientOrigin) -> Bool {
        if generation.configuration.clients.trustedProxies.contains(origin.socketAddress) { return true }
        guard core.addressConnections.open(origin.addressHash) else { return false }
        connection.countedAddress = origin.addressHash
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

    /// Empties the scratch buffer.
    func clearScratch() {
        // Clearing a storage that a write still holds makes another of the same size.
        if scratch.capacity > Self.scratchLimit { scratch = ByteBuffer() } else { scratch.clear() }
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
        takeCopies(since: directoryVersion)
        // From the end, as a connection that closes is replaced by the last one.
        for slot in connections.indices.reversed() where slot < connections.count {
            connections[slot].checkDeadline(now)
        }
        for pool in pools { pool.closeIdle(now: now) }
        report()
    }

    // MARK: Counts and log

    /// Counts a request that is over, and writes its line.
    ///
    /// - Parameter latency: how long it took, as far as the gateway and the service are concerned.
    func record(_ record: AccessLog.Record, latency: TimeAmount, group: Int?, route: Route?) {
        let place = route?.place ?? Route.strayPlace
        counters.count(group: group, route: place, status: record.status, bytes: record.bytes, latency: latency)
        generation.routes[place].duration.recordNanoseconds(latency.nanoseconds)
        lines?.append(record)
    }

    private func report() {
        for (group, pool) in pools.enumerated() { counters.groups[group].note(pool, now: now) }
        core.metrics.publish(
            counters, last: published, worker: index, upstreams: generation.instruments, routes: generation.routes)
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
