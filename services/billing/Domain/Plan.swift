/// What a plan allows; nil is without limit.
struct PlanLimits: Sendable, Hashable {
    let devices: Int?
    let members: Int?
    let readingsPerMonth: Int?
    /// On average; at once at most a minute's.
    let readingsPerMinute: Int?
    /// Of its users together, on average; nil leaves it to the gateway.
    let requestsPerSecond: Int?
    let retentionDays: Int?
}

extension PlanLimits: Encodable {
    enum CodingKeys: String, CodingKey {
        case devices, members
        case readingsPerMonth = "readings_per_month"
        case readingsPerMinute = "readings_per_minute"
        case requestsPerSecond = "requests_per_second"
        case retentionDays = "retention_days"
    }

    /// Every limit stands there, null for none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(devices, forKey: .devices)
        try container.encode(members, forKey: .members)
        try container.encode(readingsPerMonth, forKey: .readingsPerMonth)
        try container.encode(readingsPerMinute, forKey: .readingsPerMinute)
        try container.encode(requestsPerSecond, forKey: .requestsPerSecond)
        try container.encode(retentionDays, forKey: .retentionDays)
    }
}

/// What an organization can subscribe to.
struct Plan: Sendable, Hashable {
    /// What every organization begins with.
    static let initialID = "free"

    let id: String
    let name: String
    let description: String
    let monthlyPrice: Money
    let yearlyPrice: Money
    let limits: PlanLimits
}
