import FoundationEssentials
import Postgres

/// The plan that an organization has, and how that stands.
struct Subscription: Sendable, Hashable {
    enum Status: String, Sendable, Codable {
        case trial, active
        case pastDue = "past_due"
        case suspended, cancelled, expired
    }

    enum BillingPeriod: String, Sendable, Codable {
        case monthly, yearly
    }

    let id: UUID
    let organizationID: UUID
    let plan: Plan
    let status: Status
    let billingPeriod: BillingPeriod
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}

extension Subscription {
    /// What one billing period costs.
    var price: Money {
        switch billingPeriod {
        case .monthly: plan.monthlyPrice
        case .yearly: plan.yearlyPrice
        }
    }
}
