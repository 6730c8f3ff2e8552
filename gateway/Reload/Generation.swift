import Foundation
import Synchronization

/// What the gateway serves by, from one reading of its file to the next.
///
/// It never changes. Each event loop has a reference of its own, which it replaces between two events; a request keeps the
/// route that it began with, and upstreams keep their places (``GatewayConfiguration/following(_:)``), so that one under way
/// finds its service where it was.
final class Generation: Sendable {
    /// Counted from 1.
    let number: Int
    /// When the file was read.
    let loaded: Date
    let configuration: GatewayConfiguration
    /// What is served without TLS, and with it.
    let open: Site
    let secure: Site
    let maintenance: MaintenanceSwitch
    /// The instruments of the upstreams, by their places.
    let instruments: [UpstreamInstruments]
    /// The instruments of the routes, by their places.
    let routes: [RouteInstruments]

    /// - Throws: `RouteConflict`.
    init(
        number: Int = 1, _ configuration: GatewayConfiguration, metrics: GatewayMetrics, loaded: Date = Date()
    ) throws {
        self.number = number
        self.loaded = loaded
        self.configuration = configuration
        let router = try Router(configuration.routes)
        open = Site(router: router, isPublic: true, securePort: configuration.tls?.redirectPort)
        secure = Site(router: router, isPublic: true)
        maintenance = MaintenanceSwitch(configuration.maintenance)
        instruments = configuration.upstreams.map { metrics.instruments(of: $0.name) }
        routes = configuration.routeLabels.map { metrics.instruments(of: $0) }
    }
}

/// The generation in use, for whatever has no event loop of its own.
final class CurrentGeneration: Sendable {
    private let generation: Mutex<Generation>

    init(_ generation: Generation) { self.generation = Mutex(generation) }

    var value: Generation { generation.withLock { $0 } }

    func replace(by next: Generation) { generation.withLock { $0 = next } }
}
