import HTTPWire
import NIOCore

/// Everything that `gateway.yaml` says.
struct GatewayConfiguration: Sendable {
    /// Where to listen; port 0 takes any free one.
    struct Listener: Sendable, Equatable, CustomStringConvertible {
        var host: String
        var port: Int
        var description: String { "\(host):\(port)" }
    }

    /// What a client connection may do.
    struct Clients: Sendable {
        /// Connections open at once.
        var connections = 10_000
        /// Connections open at once from one address.
        var connectionsPerAddress = 10_000
        var headLimits = HeadLimits()
        /// From the first byte of a head to its last.
        var headerTimeout = TimeAmount.seconds(10)
        /// Between two requests.
        var idleTimeout = TimeAmount.seconds(75)
        /// What services are told about how the client came: `http` or `https`.
        var scheme = "http"
        /// Who may tell of other clients.
        var trustedProxies = TrustedProxies()
    }

    /// The copies of a service.
    struct UpstreamGroup: Sendable, Equatable {
        var name: String
        var addresses: [Listener]
        var policy = UpstreamPolicy()
        /// Whether it was in the file once, but is no longer.
        var isRetired = false
    }

    /// How services are watched.
    struct HealthChecks: Sendable {
        var interval = TimeAmount.seconds(5)
        var timeout = TimeAmount.seconds(2)
        var thresholds = CheckedReadiness.Thresholds()
    }

    var listener: Listener
    /// The UNIX socket at which a new gateway takes the listeners over; nil for none.
    var handover: String?
    /// Where TLS is ended; nil for nowhere.
    var tls: TLS?
    /// Metrics and probes, for operators only.
    var admin: Listener
    var clients = Clients()
    var upstreams: [UpstreamGroup]
    var limits: RateLimiter.Limits
    /// How the limits are shared, where there is a Redis.
    var limitExchange = LimitExchange.Settings()
    /// Nil where tokens are not checked.
    var tokens: TokenGate.Settings?
    var healthChecks = HealthChecks()
    var maintenance = MaintenanceMode()
    /// Time for requests under way when the gateway is told to stop.
    var drainTimeout = TimeAmount.seconds(15)
    /// Time for which idle connections stay open then, in case a request is on its way on them.
    var drainGrace = TimeAmount.milliseconds(500)
    /// Bytes of an unwanted upload that are read so that the client sees the answer.
    var discardLimit = 8 << 20
    /// How long an unused connection to a service is kept.
    var upstreamIdleTimeout = TimeAmount.seconds(30)
    /// Unused connections to one copy of a service that an event loop keeps.
    var upstreamIdleConnections = 1024
    var routes: [Route]
    /// What the metrics know routes by, by their places; those of routes are there that are no longer in the file.
    private(set) var routeLabels = [RouteLabel.stray]
    /// What becomes of the fields of answers to requests that have no route.
    var strayRules: ResponseRules
}

extension GatewayConfiguration {
    /// Gives every route the place at which `labels` has what the metrics know it by, or a new one behind.
    mutating func placeRoutes(behind labels: [RouteLabel]) {
        routeLabels = labels
        var places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        routes = routes.map { route in
            var service = RouteLabel.stray.service
            if case .upstream(let index) = route.destination { service = upstreams[index].name }
            let label = RouteLabel(service: service, route: route.label)
            let place = places[label, default: routeLabels.count]
            if place == routeLabels.count {
                routeLabels.append(label)
                places[label] = place
            }
            return route.at(place: place)
        }
    }
}
