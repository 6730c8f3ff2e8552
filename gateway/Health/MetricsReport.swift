/// The gateway's counts as text.
enum MetricsReport {
    static func json(_ counters: Counters, names: [String]) -> String {
        let groups = zip(names + ["gateway"], counters.groups).map { name, group in
            let statuses = group.statuses.enumerated().map { #""\#($0.offset + 1)xx":\#($0.element)"# }
            let total = group.statuses.reduce(0, +)
            let mean = total == 0 ? 0 : Double(group.durationMicroseconds / total) / 1000
            return #""\#(name)":{"requests":\#(total),\#(statuses.joined(separator: ",")),"mean_ms":\#(mean),"#
                + #""retries":\#(group.retries),"failures":\#(group.failures)}"#
        }
        return #"{"connections":{"open":\#(counters.openConnections),"accepted":\#(counters.connections),"#
            + #""refused":\#(counters.refusedConnections),"tunnels":\#(counters.openTunnels)},"#
            + #""requests":{"limited":\#(counters.limited),"abandoned":\#(counters.abandoned)},"#
            + #""bytes_sent":\#(counters.bytesSent),"services":{\#(groups.joined(separator: ","))}}"#
    }

    /// Prometheus text, format 0.0.4.
    static func prometheus(_ counters: Counters, names: [String]) -> String {
        let groups = Array(zip(names + ["gateway"], counters.groups))
        var text = ""
        text += head("lms_gateway_requests_total", "counter", "Requests answered, by service and class of status.")
        for (name, group) in groups {
            for (index, count) in group.statuses.enumerated() {
                text += #"lms_gateway_requests_total{service="\#(name)",status="\#(index + 1)xx"} \#(count)"# + "\n"
            }
        }
        text += head("lms_gateway_request_duration_seconds", "histogram", "Time from the head to the last byte.")
        for (name, group) in groups { text += histogram(name, group) }
        text += series("lms_gateway_upstream_retries_total", "Requests sent again.", groups) { $0.retries }
        text += series("lms_gateway_upstream_failures_total", "Connections lost or refused.", groups) { $0.failures }
        text += single("lms_gateway_connections_open", "gauge", "Client connections.", counters.openConnections)
        text += single("lms_gateway_tunnels_open", "gauge", "WebSockets passing through.", counters.openTunnels)
        text += single("lms_gateway_connections_total", "counter", "Connections accepted.", counters.connections)
        text += single(
            "lms_gateway_connections_refused_total", "counter", "Connections over the limit.",
            counters.refusedConnections)
        text += single("lms_gateway_limited_total", "counter", "Requests answered 429.", counters.limited)
        text += single("lms_gateway_abandoned_total", "counter", "Requests cut off.", counters.abandoned)
        text += single("lms_gateway_sent_bytes_total", "counter", "Bytes sent to clients.", counters.bytesSent)
        return text
    }

    private static func head(_ name: String, _ type: String, _ help: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func single(_ name: String, _ type: String, _ help: String, _ value: Int) -> String {
        head(name, type, help) + "\(name) \(value)\n"
    }

    private static func series(
        _ name: String, _ help: String, _ groups: [(String, Counters.Group)], value: (Counters.Group) -> Int
    ) -> String {
        groups.reduce(head(name, "counter", help)) { $0 + "\(name){service=\"\($1.0)\"} \(value($1.1))\n" }
    }

    private static func histogram(_ name: String, _ group: Counters.Group) -> String {
        let metric = "lms_gateway_request_duration_seconds"
        var text = ""
        var sum = 0
        for (index, count) in group.latencies.enumerated() {
            sum += count
            let bound =
                index < Counters.latencyBounds.count ? "\(Double(Counters.latencyBounds[index]) / 1000)" : "+Inf"
            text += #"\#(metric)_bucket{service="\#(name)",le="\#(bound)"} \#(sum)"# + "\n"
        }
        text += #"\#(metric)_sum{service="\#(name)"} \#(Double(group.durationMicroseconds) / 1e6)"# + "\n"
        return text + #"\#(metric)_count{service="\#(name)"} \#(sum)"# + "\n"
    }
}
