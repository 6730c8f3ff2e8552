import EventBus
import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What this service has, told anew to those that may have missed it.
struct SnapshotRoutes: Sendable {
    let snapshots: SnapshotStore

    func add(to routes: inout RouteTable) {
        add("organizations", to: &routes, snapshots.organizations)
        add("projects", to: &routes, snapshots.projects)
        add("users", to: &routes, snapshots.users)
        routes.get("/internal/v1/snapshot/members", .internalService, RouteOptions(body: .none)) { request, _ in
            JSON(try await snapshots.members(after: request.query().value("after", as: String.self)))
        }
    }

    private func add(
        _ kind: String, to routes: inout RouteTable,
        _ page: @escaping @Sendable (UUID?) async throws -> SnapshotPage
    ) {
        routes.get("/internal/v1/snapshot/\(kind)", .internalService, RouteOptions(body: .none)) { request, _ in
            JSON(try await page(request.query().value("after", as: UUID.self)))
        }
    }
}
