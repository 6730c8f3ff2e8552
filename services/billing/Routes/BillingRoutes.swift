import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// `/api/v1/billing`: the plans, and an organization's subscription and usage.
struct BillingRoutes: Sendable {
    let plans: PlanStore
    let subscriptions: SubscriptionStore
    let usage: UsageStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/billing/plans", .signedIn, use: listPlans)
        routes.get("/api/v1/billing/subscription", .user(atLeast: .viewer), use: showSubscription)
        routes.get("/api/v1/billing/usage", .user(atLeast: .viewer), use: showUsage)
    }

    @Sendable private func listPlans(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<PlanDocument> {
        Page(items: try await plans.list().map(PlanDocument.init), nextCursor: nil)
    }

    @Sendable private func showSubscription(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<SubscriptionDocument> {
        let subscription = try await subscription(of: context.organizationID)
        // The same path is every organization's.
        return JSON(SubscriptionDocument(subscription), version: subscription.version, isCallersView: true)
    }

    @Sendable private func showUsage(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<UsageDocument> {
        let organization = try context.organizationID
        let period = try Self.period(try request.query(), now: .now)
        let subscription = try await subscription(of: organization)
        let days = try await usage.usage(of: organization, in: period)
        return JSON(UsageDocument(days, limits: subscription.plan.limits))
    }

    /// - Throws: 404 for an organization that has been deleted.
    private func subscription(of organization: UUID) async throws -> Subscription {
        guard let subscription = try await subscriptions.findOrMake(organization) else { throw Problem.notFound() }
        return subscription
    }

    /// `from` (inclusive) and `to` (exclusive), times or dates; by default the month so far.
    ///
    /// - Throws: 422.
    static func period(_ query: QueryParameters, now: Timestamp) throws -> UsagePeriod {
        let to = try time("to", in: query) ?? now
        let from = try time("from", in: query) ?? UsagePeriod.startOfMonth(of: to)
        do {
            return try UsagePeriod(from: from, to: to)
        } catch {
            switch error {
            case .endsBeforeItStarts: throw Problem.invalid("from", "must not be after to")
            case .tooLong: throw Problem.invalid("from", "must be at most \(UsagePeriod.longest) days before to")
            }
        }
    }

    private static func time(_ name: String, in query: QueryParameters) throws -> Timestamp? {
        guard let text = query[name] else { return nil }
        guard let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z") else {
            throw Problem.invalid(name, "must be a date or an RFC 3339 time such as 2026-11-23T19:27:00Z")
        }
        return time
    }
}
