import Metrics

/// The gateway's instruments, and where its event loops put their counts for whoever asks.
///
/// Event loops count in variables of their own and bring the difference here some times a second, so that a request
/// costs no atomic operation but for its duration.
final class GatewayMetrics: Sendable {
    private struct Group: Sendable {
        let statuses: [Counter]
        let retries: Counter
        let failures: Counter
        let ejections: Counter
        let unrepeated: Counter
        let overloads: Counter
        let outstanding: Meter
        let ejected: Meter
        let duration: Timer

        init(service: String, factory: any MetricsFactory) {
            let service = ("service", service)
            statuses = (1...5).map {
                Counter(
                    label: "lms_gateway_requests", dimensions: [service, ("status", "\($0)xx")], factory: factory)
            }
            retries = Counter(label: "lms_gateway_upstream_retries", dimensions: [service], factory: factory)
            failures = Counter(label: "lms_gateway_upstream_failures", dimensions: [service], factory: factory)
            ejections = Counter(label: "lms_gateway_upstream_ejections", dimensions: [service], factory: factory)
            unrepeated = Counter(label: "lms_gateway_upstream_unrepeated", dimensions: [service], factory: factory)
            overloads = Counter(label: "lms_gateway_upstream_overloads", dimensions: [service], factory: factory)
            outstanding = Meter(label: "lms_gateway_upstream_outstanding", dimensions: [service], factory: factory)
            ejected = Meter(label: "lms_gateway_upstream_ejected", dimensions: [service], factory: factory)
            duration = Timer(label: "lms_gateway_request_duration", dimensions: [service], factory: factory)
        }
    }

    private let groups: [Group]
    private let connections: Counter
    private let refusedConnections: Counter
    private let limited: Counter
    private let abandoned: Counter
    private let bytesSent: Counter
    private let openConnections: Meter
    private let openTunnels: Meter
    private let board: CountersBoard

    /// - Parameter names: the services, in the order in which they are counted.
    init(names: [String], factory: any MetricsFactory) {
        groups = (names + ["gateway"]).map { Group(service: $0, factory: factory) }
        connections = Counter(label: "lms_gateway_connections", factory: factory)
        refusedConnections = Counter(label: "lms_gateway_connections_refused", factory: factory)
        limited = Counter(label: "lms_gateway_limited", factory: factory)
        abandoned = Counter(label: "lms_gateway_abandoned", factory: factory)
        bytesSent = Counter(label: "lms_gateway_sent_bytes", factory: factory)
        openConnections = Meter(label: "lms_gateway_connections_open", factory: factory)
        openTunnels = Meter(label: "lms_gateway_tunnels_open", factory: factory)
        board = CountersBoard(groups: names.count)
    }

    /// The counts of all event loops together.
    var total: Counters { board.total }

    /// Notes how long a request took, in nanoseconds; `group` is nil for what the gateway answers itself.
    func record(duration: Int64, group: Int?) {
        groups[group ?? groups.count - 1].duration.recordNanoseconds(duration)
    }

    /// Takes what an event loop has counted since it published `last`.
    func publish(_ counters: Counters, last: Counters, worker: Int) {
        board.put(counters, worker: worker)
        for (instruments, (now, last)) in zip(groups, zip(counters.groups, last.groups)) {
            for (counter, (now, last)) in zip(instruments.statuses, zip(now.statuses, last.statuses)) {
                counter.add(now - last)
            }
            instruments.retries.add(now.retries - last.retries)
            instruments.failures.add(now.failures - last.failures)
            instruments.ejections.add(now.ejections - last.ejections)
            instruments.unrepeated.add(now.unrepeated - last.unrepeated)
            instruments.overloads.add(now.overloads - last.overloads)
            instruments.outstanding.increment(by: Double(now.outstanding - last.outstanding))
            instruments.ejected.increment(by: Double(now.ejected - last.ejected))
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

extension Counter {
    fileprivate func add(_ difference: Int) {
        if difference != 0 { increment(by: difference) }
    }
}
