extension GatewayConfiguration {
    /// The same with every upstream at the place at which `last` has it, and new ones behind.
    ///
    /// Event loops keep what belongs to an upstream by its place, and so do requests under way. One that is no longer in
    /// the file stays, retired, at its place, which it has again should it come back; no route leads there.
    func following(_ last: GatewayConfiguration) -> GatewayConfiguration {
        var next = self
        next.upstreams = last.upstreams.map { known in
            if let group = upstreams.first(where: { $0.name == known.name }) { return group }
            var retired = known
            retired.isRetired = true
            return retired
        }
        next.upstreams += upstreams.filter { group in !last.upstreams.contains { $0.name == group.name } }
        let places = upstreams.map { group in next.upstreams.firstIndex { $0.name == group.name } ?? 0 }
        next.routes = routes.map { route in
            guard case .upstream(let index) = route.destination, places[index] != index else { return route }
            return route.to(upstream: places[index])
        }
        next.placeRoutes(behind: last.routeLabels)
        next.tokens?.issuer = tokens.map { places[$0.issuer] } ?? 0
        return next
    }

    /// The settings that only a new process takes into use and that are others than `started` has.
    func settingsForRestart(since started: GatewayConfiguration) -> [String] {
        var settings: [String] = []
        func note(_ name: String, _ isSame: Bool) { if !isSame { settings.append(name) } }
        note("listen", listener == started.listener && handover == started.handover)
        note("listen.tls", tls?.startup == started.tls?.startup)
        note("admin", admin == started.admin)
        note("limits.capacity", limits.capacity == started.limits.capacity)
        note("limits.exchange_interval", limitExchange == started.limitExchange)
        note(
            "tokens",
            (tokens == nil) == (started.tokens == nil) && tokens?.capacity == started.tokens?.capacity)
        return settings
    }
}

extension GatewayConfiguration.TLS {
    /// The same without what can change while the gateway runs.
    fileprivate var startup: Self {
        var settings = self
        settings.redirectPort = nil
        return settings
    }
}
