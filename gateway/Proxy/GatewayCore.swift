import NIOCore
import Synchronization

/// What all event loops share.
final class GatewayCore: Sendable {
    let configuration: GatewayConfiguration
    let admission: Admission
    let directory: UpstreamDirectory
    let endpoints: OwnEndpoints
    let metrics: GatewayMetrics
    let accessLog: AccessLog?
    let maintenance: MaintenanceSwitch
    /// Client connections open now, of all event loops.
    let connections = Atomic<Int>(0)
    /// The same by address.
    let addressConnections: AddressConnections

    init(
        configuration: GatewayConfiguration, admission: Admission, directory: UpstreamDirectory,
        endpoints: OwnEndpoints, metrics: GatewayMetrics, accessLog: AccessLog?
    ) {
        self.configuration = configuration
        maintenance = MaintenanceSwitch(configuration.maintenance)
        self.admission = admission
        addressConnections = AddressConnections(limit: configuration.clients.connectionsPerAddress)
        self.directory = directory
        self.endpoints = endpoints
        self.metrics = metrics
        self.accessLog = accessLog
    }
}

/// What is served on a listener.
final class Site: Sendable {
    let router: Router
    /// Whether requests count towards the limits and appear in the access log.
    let isPublic: Bool
    /// The port to which clients are sent that come without TLS; nil serves them.
    let securePort: Int?

    init(router: Router, isPublic: Bool, securePort: Int? = nil) {
        self.router = router
        self.isPublic = isPublic
        self.securePort = securePort
    }
}
