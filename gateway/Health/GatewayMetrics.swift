import Metrics
import Synchronization

/// The gateway's instruments, and where its event loops put their counts for whoever asks.
///
/// Event loops count in variables of their own and bring the difference here some times a second, so that a request
/// costs no atomic operation but for its duration.
final class GatewayMetrics: Sendable {
    private let factory: any MetricsFactory
    /// By their names, which upstreams keep when the gateway's file is read again.
    private let upstreams: Mutex<[String: UpstreamInstruments]> = Mutex([:])
    private let routes: Mutex<[RouteLabel: RouteInstruments]> = Mutex([:])
    private let connections: Counter
    private let refusedConnections: Counter
    private let limited: Counter
    private let abandoned: Counter
    private let bytesSent: Counter
    private let openConnections: Meter
    private let openTunnels: Meter
    private let board = CountersBoard()

    init(factory: any MetricsFactory) {
        self.factory = factory
        connections = Counter(label: "lms_gateway_connections", factory: factory)
        refusedConnections = Counter(label: "lms_gateway_connections_refused", factory: factory)
        limited = Counter(label: "lms_gateway_limited", factory: factory)
        abandoned = Counter(label: "lms_gateway_abandoned", factory: factory)
        bytesSent = Counter(label: "lms_gateway_sent_bytes", factory: factory)
        openConnections = Meter(label: "lms_gateway_connections_open", factory: factory)
        openTunnels = Meter(label: "lms_gateway_tunnels_open", factory: factory)
    }

    /// The counts of all event loops together.
    var total: Counters { board.total }

    func instruments(of upstream: String) -> UpstreamInstruments {
        upstreams.withLock { upstreams in
            if let known = upstreams[upstream] { return known }
            let instruments = UpstreamInstruments(service: upstream, factory: factory)
            upstreams[upstream] = instruments
            return instruments
        }
    }

    func instruments(of route: RouteLabel) -> RouteInstruments {
        routes.withLock { routes in
            if let known = routes[route] { return known }
            let instruments = RouteInstruments(route, factory: factory)
            routes[route] = instruments
            return instruments
        }
    }

    /// Takes what an event loop has counted since it published `last`.
    ///
    /// - Parameters:
    ///   - upstreams: their instruments, by their places.
    ///   - routes: theirs, by their places.
    func publish(
        _ counters: Counters, last: Counters, worker: Int, upstreams: [UpstreamInstruments],
        routes: [RouteInstruments]
    ) {
        board.put(counters, worker: worker)
        for (instruments, (now, last)) in zip(upstreams, zip(counters.groups, last.groups)) {
            instruments.add(now, since: last)
        }
        for (instruments, (now, last)) in zip(routes, zip(counters.routes, last.routes)) {
            instruments.add(now, since: last)
        }
        connections.add(counters.connections - last.connections)
        refusedConnections.add(counters.refusedConnections - last.refusedConnections)
        limited.add(counters.limited - last.limited)
        abandoned.add(counters.abandoned - last.abandoned)
        bytesSent.add(counters.bytesSent - last.bytesSent)
        openConnections.increment(by: Double(counters.openConnections - last.openConnections))
        openTunnels.increment(by: Double(counters.openTunnels - last.openTunnels))
    }
}
