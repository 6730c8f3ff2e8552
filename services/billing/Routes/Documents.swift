import Kernel
import Postgres

/// A plan as it is answered.
struct PlanDocument: Encodable {
    struct Prices: Encodable {
        let monthly: Money
        let yearly: Money
    }

    let id: String
    let name: String
    let description: String
    let prices: Prices
    let limits: PlanLimits

    init(_ plan: Plan) {
        id = plan.id
        name = plan.name
        description = plan.description
        prices = Prices(monthly: plan.monthlyPrice, yearly: plan.yearlyPrice)
        limits = plan.limits
    }
}

/// A subscription as it is answered.
struct SubscriptionDocument: Encodable {
    let id: String
    let organizationID: String
    /// The plan's id.
    let plan: String
    let status: Subscription.Status
    let billingPeriod: Subscription.BillingPeriod
    /// What a billing period costs.
    let price: Money
    let limits: PlanLimits
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, plan, status, price, limits, version
        case organizationID = "organization_id"
        case billingPeriod = "billing_period"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    init(_ subscription: Subscription) {
        id = subscription.id.text
        organizationID = subscription.organizationID.text
        plan = subscription.plan.id
        status = subscription.status
        billingPeriod = subscription.billingPeriod
        price = subscription.price
        limits = subscription.plan.limits
        version = subscription.version
        createdAt = subscription.createdAt
        lastUpdated = subscription.lastUpdated
    }
}

/// What was used, day by day and together. What nobody measures yet is null.
struct UsageDocument: Encodable {
    struct Item: Encodable {
        var date: String?
        let readings: Int
        let devices: Int
        let commands: Int
        let notifications: Int

        enum CodingKeys: String, CodingKey {
            case date, readings, devices, commands, notifications
            case apiCalls = "api_calls"
            case storageBytes = "storage_bytes"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(date, forKey: .date)
            try container.encode(readings, forKey: .readings)
            try container.encode(devices, forKey: .devices)
            try container.encode(commands, forKey: .commands)
            try container.encode(notifications, forKey: .notifications)
            try container.encodeNil(forKey: .apiCalls)
            try container.encodeNil(forKey: .storageBytes)
        }
    }

    let items: [Item]
    let totals: Item
    let limits: PlanLimits

    init(_ days: [DailyUsage], limits: PlanLimits) {
        items = days.map {
            Item(
                date: $0.date, readings: $0.readings, devices: $0.devices, commands: $0.commands,
                notifications: $0.notifications)
        }
        let sums = UsageTotals(days)
        totals = Item(
            readings: sums.readings, devices: sums.devices, commands: sums.commands,
            notifications: sums.notifications)
        self.limits = limits
    }
}
