/// The gateway's counts as JSON.
enum MetricsReport {
    static func json(_ counters: Counters, names: [String]) -> String {
        let groups = (Array(zip(names, counters.groups)) + [("gateway", counters.own)]).map { name, group in
            let statuses = group.statuses.counts.enumerated().map { #""\#($0.offset + 1)xx":\#($0.element)"# }
            let total = group.statuses.total
            let mean = total == 0 ? 0 : Double(group.durationMicroseconds / total) / 1000
            return #""\#(name)":{"requests":\#(total),\#(statuses.joined(separator: ",")),"mean_ms":\#(mean),"#
                + #""outstanding":\#(group.outstanding),"ejected":\#(group.ejected),"ejections":\#(group.ejections),"#
                + #""unrepeated":\#(group.unrepeated),"overloads":\#(group.overloads),"#
                + #""retries":\#(group.retries),"failures":\#(group.failures)}"#
        }
        return #"{"connections":{"open":\#(counters.openConnections),"accepted":\#(counters.connections),"#
            + #""refused":\#(counters.refusedConnections),"tunnels":\#(counters.openTunnels)},"#
            + #""requests":{"limited":\#(counters.limited),"abandoned":\#(counters.abandoned)},"#
            + #""bytes_sent":\#(counters.bytesSent),"services":{\#(groups.joined(separator: ","))}}"#
    }
}
