import Metrics

/// What the metrics know a route by.
struct RouteLabel: Sendable, Hashable {
    /// The upstream, or `gateway` for what it answers itself.
    let service: String
    /// Such as `POST /api/v1/readings`.
    let route: String

    /// For requests that no route takes.
    static let stray = RouteLabel(service: "gateway", route: "none")
}

/// What is counted of one route for Prometheus.
final class RouteInstruments: Sendable {
    let duration: Timer
    private let statuses: [Counter]

    init(_ label: RouteLabel, factory: any MetricsFactory) {
        let dimensions = [("service", label.service), ("route", label.route)]
        statuses = (1...5).map {
            Counter(label: "lms_gateway_requests", dimensions: dimensions + [("status", "\($0)xx")], factory: factory)
        }
        duration = Timer(label: "lms_gateway_request_duration", dimensions: dimensions, factory: factory)
    }

    /// Takes what an event loop has counted since it published `last`.
    func add(_ now: Counters.Statuses, since last: Counters.Statuses) {
        guard now != last else { return }
        for (counter, (now, last)) in zip(statuses, zip(now.counts, last.counts)) { counter.add(now - last) }
    }
}
