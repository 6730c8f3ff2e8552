import HTTPWire
import NIOCore
import Yams

extension GatewayConfiguration {
    /// Reads the file's text.
    ///
    /// - Parameter environment: looks up what stands in `${…}`.
    /// - Throws: `GatewayFileError` for the first thing that is wrong.
    init(yaml: String, environment: @escaping FileValue.Environment) throws(GatewayFileError) {
        let root = FileValue(node: try Self.parse(yaml), environment: environment)
        let sections = try root.members(of: [
            "listen", "admin", "clients", "upstreams", "upstream_defaults", "upstream_connections", "limits", "tokens",
            "health", "drain_timeout", "drain_grace", "discard_limit", "maintenance", "defaults", "routes",
        ])
        func section(_ name: String) throws(GatewayFileError) -> FileValue {
            guard let section = sections[name] else {
                throw GatewayFileError(line: nil, message: "there is no '\(name)'")
            }
            return section
        }
        listener = try Listener(section("listen"), beside: ["tls", "handover"])
        let listen = try section("listen").members(of: ["host", "port", "tls", "handover"])
        if let section = listen["tls"] { tls = try TLS(section, host: listener.host) }
        if let path = try listen["handover"]?.string(), !path.isEmpty { handover = path }
        admin = try Listener(section("admin"))
        upstreams = try UpstreamGroup.all(section("upstreams"), defaults: sections["upstream_defaults"])
        limits = try RateLimiter.Limits(section("limits"))
        let table = try RouteTable(
            defaults: section("defaults"), upstreams: upstreams.map(\.name), routes: section("routes"))
        routes = table.routes
        strayRules = table.strayRules
        placeRoutes(behind: [.stray])
        limitExchange = try LimitExchange.Settings(section("limits"))
        tokens = try sections["tokens"].map { setting throws(GatewayFileError) in
            try TokenGate.Settings(setting, upstreams: upstreams.map(\.name))
        }
        if let clients = sections["clients"] { self.clients = try Clients(clients) }
        if let setting = sections["maintenance"] { maintenance = try MaintenanceMode(setting) }
        if let health = sections["health"] { healthChecks = try HealthChecks(health) }
        if let time = sections["drain_timeout"] { drainTimeout = try time.duration() }
        if let time = sections["drain_grace"] { drainGrace = try time.duration() }
        if let size = sections["discard_limit"] { discardLimit = try size.size() }
        if let pool = try sections["upstream_connections"]?.members(of: ["idle_timeout", "idle"]) {
            if let time = pool["idle_timeout"] { upstreamIdleTimeout = try time.duration() }
            if let count = pool["idle"] { upstreamIdleConnections = try count.int(in: 0...100_000) }
        }
    }

    private static func parse(_ yaml: String) throws(GatewayFileError) -> Node {
        do {
            guard let node = try Yams.compose(yaml: yaml) else {
                throw GatewayFileError(line: nil, message: "the file is empty")
            }
            return node
        } catch let error as GatewayFileError {
            throw error
        } catch let error as YamlError {
            throw GatewayFileError(error)
        } catch {
            throw GatewayFileError(line: nil, message: "not YAML: \(error)")
        }
    }
}

extension GatewayConfiguration.Listener {
    fileprivate init(_ setting: FileValue, beside others: [String] = []) throws(GatewayFileError) {
        let members = try setting.members(of: ["host", "port"] + others)
        guard let host = members["host"], let port = members["port"] else {
            throw setting.error("a listener needs 'host' and 'port'")
        }
        self.init(host: try host.string(), port: try port.int(in: 0...65535))
    }
}

extension GatewayConfiguration.Clients {
    fileprivate init(_ setting: FileValue) throws(GatewayFileError) {
        let members = try setting.members(of: [
            "connections", "connections_per_address", "header_timeout", "idle_timeout", "target_limit", "head_limit",
            "field_limit", "scheme", "trusted_proxies",
        ])
        self.init()
        if let value = members["connections"] { connections = try value.int(in: 1...1_000_000) }
        if let value = members["connections_per_address"] { connectionsPerAddress = try value.int(in: 1...1_000_000) }
        if let value = members["header_timeout"] { headerTimeout = try value.duration() }
        if let value = members["idle_timeout"] { idleTimeout = try value.duration() }
        if let value = members["target_limit"] { headLimits.target = try value.size() }
        if let value = members["head_limit"] { headLimits.head = try value.size() }
        if let value = members["field_limit"] { headLimits.fields = try value.int(in: 1...10_000) }
        if let value = members["scheme"] {
            scheme = try value.string()
            guard ["http", "https"].contains(scheme) else { throw value.error("'\(scheme)' is not http or https") }
        }
        trustedProxies.ranges = try (members["trusted_proxies"]?.texts() ?? []).map { member throws(GatewayFileError) in
            guard let range = AddressRange(member.text) else {
                throw member.value.error("'\(member.text)' is not an address such as 192.0.2.1 or 10.0.0.0/8")
            }
            return range
        }
    }
}

extension GatewayConfiguration.HealthChecks {
    fileprivate init(_ setting: FileValue) throws(GatewayFileError) {
        let members = try setting.members(of: ["interval", "timeout", "unhealthy_after", "healthy_after"])
        self.init()
        if let value = members["interval"] { interval = try value.duration() }
        if let value = members["timeout"] { timeout = try value.duration() }
        if let value = members["unhealthy_after"] { thresholds.unhealthyAfter = try value.int(in: 1...1000) }
        if let value = members["healthy_after"] { thresholds.healthyAfter = try value.int(in: 1...1000) }
    }
}
