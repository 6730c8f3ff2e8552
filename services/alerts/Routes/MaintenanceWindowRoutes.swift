import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/maintenance-windows`: admins write, everybody reads.
struct MaintenanceWindowRoutes: Sendable {
    let windows: MaintenanceWindowStore
    let editor: MaintenanceEditor
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/maintenance-windows", .user(atLeast: .viewer), use: list)
        routes.post("/api/v1/alerts/maintenance-windows", .user(atLeast: .admin), use: create)
        routes.get("/api/v1/alerts/maintenance-windows/{id}", .user(atLeast: .viewer), use: show)
        routes.delete("/api/v1/alerts/maintenance-windows/{id}", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<MaintenanceWindowDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await windows.list(in: context.organizationID, page)
        return try page.page(found, key: \.id) { MaintenanceWindowDocument($0) }
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization, now) = (try context.user, try context.organizationID, Timestamp.now)
        let response = try await idempotency.create(
            MaintenanceWindowInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let window = try await editor.create(
                try input.definition(at: now), by: user, in: organization, at: now, transaction)
            return JSON(
                MaintenanceWindowDocument(window), status: .created, version: window.version,
                location: "/api/v1/alerts/maintenance-windows/\(window.id.text)")
        }
        await editor.versions.bump(organization)
        return response
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<MaintenanceWindowDocument> {
        guard let window = try await windows.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        return JSON(MaintenanceWindowDocument(window), version: window.version)
    }

    @Sendable private func delete(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> HTTPResponse.Status {
        try await editor.delete(
            context.id(), ifVersions: request.versionsToMatch, by: context.user, in: context.organizationID)
        return .noContent
    }
}
