import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// The dashboard: the page, the fragments that it loads again when something happens, and the same as JSON.
struct DashboardRoutes: Sendable {
    let store: DashboardStore
    let pages: PageRenderer
    let hasCharts: Bool

    func add(to routes: inout RouteTable) {
        let tokens = TokenDemand.scopes([TokenScope(.devices, .read), TokenScope(.alerts, .read)])
        for (path, template) in [
            ("/dashboard", "dashboard"), ("/dashboard/stats", "dashboard_stats"),
            ("/dashboard/activity", "dashboard_activity"),
        ] {
            routes.page(path, .user(atLeast: .viewer), tokens: tokens) { request, context in
                let model = DashboardModel(try await dashboard(context), hasCharts: hasCharts)
                return try pages.render(template, model, for: request, context)
            }
        }
        routes.get("/api/v1/dashboard", .user(atLeast: .viewer), tokens: tokens) { _, context in
            JSON(try await dashboard(context))
        }
    }

    private func dashboard(_ context: AppRequestContext) async throws -> Dashboard {
        try await store.dashboard(of: context.organizationID)
    }
}
