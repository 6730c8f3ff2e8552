import Metrics

/// What is counted of one upstream for Prometheus.
final class UpstreamInstruments: Sendable {
    let retries: Counter
    let failures: Counter
    let ejections: Counter
    let unrepeated: Counter
    let overloads: Counter
    let outstanding: Meter
    let ejected: Meter

    init(service: String, factory: any MetricsFactory) {
        let service = ("service", service)
        retries = Counter(label: "lms_gateway_upstream_retries", dimensions: [service], factory: factory)
        failures = Counter(label: "lms_gateway_upstream_failures", dimensions: [service], factory: factory)
        ejections = Counter(label: "lms_gateway_upstream_ejections", dimensions: [service], factory: factory)
        unrepeated = Counter(label: "lms_gateway_upstream_unrepeated", dimensions: [service], factory: factory)
        overloads = Counter(label: "lms_gateway_upstream_overloads", dimensions: [service], factory: factory)
        outstanding = Meter(label: "lms_gateway_upstream_outstanding", dimensions: [service], factory: factory)
        ejected = Meter(label: "lms_gateway_upstream_ejected", dimensions: [service], factory: factory)
    }

    /// Takes what an event loop has counted since it published `last`.
    func add(_ now: Counters.Group, since last: Counters.Group) {
        retries.add(now.retries - last.retries)
        failures.add(now.failures - last.failures)
        ejections.add(now.ejections - last.ejections)
        unrepeated.add(now.unrepeated - last.unrepeated)
        overloads.add(now.overloads - last.overloads)
        outstanding.increment(by: Double(now.outstanding - last.outstanding))
        ejected.increment(by: Double(now.ejected - last.ejected))
    }
}

extension Counter {
    func add(_ difference: Int) {
        if difference != 0 { increment(by: difference) }
    }
}
