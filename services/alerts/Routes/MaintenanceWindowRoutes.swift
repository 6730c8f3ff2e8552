import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/maintenance-windows`: admins write, everybody reads.
struct MaintenanceWindowRoutes: Sendable {
    /// So many windows of an organization may be in force or to come: all of them are looked at when readings come.
    static let most = 200

    let windows: MaintenanceWindowStore
    let versions: RuleVersions
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
            let definition = try input.definition(at: now)
            guard try await windows.countActive(in: organization, at: now, transaction) < Self.most else {
                throw Problem.conflict("There are \(Self.most) maintenance windows already; delete some.")
            }
            let window = try await windows.insert(definition, in: organization, transaction)
            let document = MaintenanceWindowDocument(window)
            try await transaction.query(
                AuditEntry(
                    "alert_maintenance_window.created", of: window.id, in: organization, by: user, data: document
                )
                .insert)
            return JSON(
                document, status: .created, version: window.version,
                location: "/api/v1/alerts/maintenance-windows/\(window.id.text)")
        }
        await versions.bump(organization)
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
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        try await windows.database.withTransaction(as: .organization(organization)) { transaction in
            guard let window = try await windows.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            try request.requireMatch(window.version)
            try await windows.delete(id, in: organization, transaction)
            try await transaction.query(
                AuditEntry(
                    "alert_maintenance_window.deleted", of: id, in: organization, by: user,
                    data: MaintenanceWindowDocument(window)
                ).insert)
        }
        await versions.bump(organization)
        return .noContent
    }
}
