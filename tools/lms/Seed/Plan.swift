/// What an organization can subscribe to, as operators write it.
struct Plan: Sendable, Hashable {
    /// What a plan allows; nil is without limit.
    struct Limits: Sendable, Hashable {
        let devices: Int?
        let members: Int?
        let readingsPerMonth: Int?
        /// On average; at once at most a minute's.
        let readingsPerMinute: Int?
        /// Of its users together, on average; nil leaves it to the gateway.
        let requestsPerSecond: Int?
        let retentionDays: Int?
    }

    /// What every organization begins with.
    static let initialID = "free"

    let id: String
    let name: String
    let description: String
    /// ISO 4217, such as `EUR`.
    let currency: String
    /// In the currency's minor unit, such as cents; so is ``yearlyPrice``.
    let monthlyPrice: Int
    let yearlyPrice: Int
    let limits: Limits
}

extension Plan: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, name, description, currency, limits
        case monthlyPrice = "monthly_price"
        case yearlyPrice = "yearly_price"
    }
}

extension Plan.Limits: Encodable {
    enum CodingKeys: String, CodingKey {
        case devices, members
        case readingsPerMonth = "readings_per_month"
        case readingsPerMinute = "readings_per_minute"
        case requestsPerSecond = "requests_per_second"
        case retentionDays = "retention_days"
    }
}
