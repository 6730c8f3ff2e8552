import NIOCore

extension RateLimiter.Limits {
    /// Reads the section `limits`.
    init(_ setting: FileValue) throws(GatewayFileError) {
        let members = try setting.members(of: LimitExchange.Settings.limits)
        func limit(_ name: String, others: [String] = []) throws(GatewayFileError) -> RateLimit {
            guard let member = members[name] else { throw setting.error("there is no limit '\(name)'") }
            return try RateLimit(member, others: others)
        }
        let organization = try members["organization"]?.members(of: ["rate", "burst", "plan_rates"])
        self.init(
            address: try limit("address"), credential: try limit("credential"),
            principal: members["principal"] == nil ? nil : try limit("principal"),
            organization: members["organization"] == nil ? nil : try limit("organization", others: ["plan_rates"]),
            usesPlanRates: try organization?["plan_rates"]?.bool() ?? true,
            signIn: try limit("sign_in"),
            capacity: try members["capacity"]?.int(in: 1...10_000_000) ?? 65_536)
    }
}

extension RateLimit {
    /// Reads `{rate: …, burst: …}`.
    ///
    /// - Parameter others: what may stand beside them.
    init(_ setting: FileValue, others: [String] = []) throws(GatewayFileError) {
        let values = try setting.members(of: ["rate", "burst"] + others)
        guard let rate = values["rate"], let burst = values["burst"] else {
            throw setting.error("a limit needs 'rate' (requests a second) and 'burst'")
        }
        self.init(rate: try rate.rate(), burst: Double(try burst.int(in: 1...1_000_000_000)))
    }
}

extension LimitExchange.Settings {
    /// What may stand in the section `limits`.
    fileprivate static let limits = [
        "address", "credential", "principal", "organization", "sign_in", "capacity", "exchange_interval",
    ]

    /// Reads the section `limits`.
    init(_ setting: FileValue) throws(GatewayFileError) {
        self.init()
        guard let value = try setting.members(of: Self.limits)["exchange_interval"] else { return }
        interval = try value.duration()
        guard interval <= .seconds(1) else { throw value.error("gateways have to exchange once a second at least") }
    }
}

extension TokenGate.Settings {
    /// Reads the section `tokens`.
    init(_ setting: FileValue, upstreams: [String]) throws(GatewayFileError) {
        let members = try setting.members(of: ["issuer", "capacity"])
        guard let issuer = members["issuer"] else { throw setting.error("'tokens' needs an 'issuer', an upstream") }
        let name = try issuer.string()
        guard let index = upstreams.firstIndex(of: name) else { throw issuer.error("there is no upstream '\(name)'") }
        self.init(issuer: index)
        if let value = members["capacity"] { capacity = try value.int(in: 1...10_000_000) }
    }
}
