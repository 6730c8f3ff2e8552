import FoundationEssentials
import HTTPKit
import Hummingbird

/// The alerts that are open, told anew to those that may have missed them.
struct SnapshotRoutes: Sendable {
    let snapshots: SnapshotStore

    func add(to routes: inout RouteTable) {
        routes.get("/internal/v1/snapshot/alerts", .internalService, RouteOptions(body: .none)) { request, _ in
            JSON(try await snapshots.openAlerts(after: request.query().value("after", as: UUID.self)))
        }
    }
}
