import FoundationEssentials
import HTTPKit
import Hummingbird

/// The limits of organizations, told anew to those that may have missed them.
struct SnapshotRoutes: Sendable {
    let subscriptions: SubscriptionStore

    func add(to routes: inout RouteTable) {
        routes.get("/internal/v1/snapshot/limits", .internalService, RouteOptions(body: .none)) { request, _ in
            JSON(try await subscriptions.snapshot(after: request.query().value("after", as: UUID.self)))
        }
    }
}
