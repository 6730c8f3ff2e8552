import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/rules`: admins write, everybody reads.
struct RuleRoutes: Sendable {
    let rules: RuleStore
    let editor: RuleEditor
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/rules", .user(atLeast: .viewer), use: list)
        routes.post("/api/v1/alerts/rules", .user(atLeast: .admin), use: create)
        routes.get("/api/v1/alerts/rules/{id}", .user(atLeast: .viewer), use: show)
        routes.put("/api/v1/alerts/rules/{id}", .user(atLeast: .admin), use: replace)
        routes.delete("/api/v1/alerts/rules/{id}", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<RuleDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await rules.list(in: context.organizationID, page)
        return try page.page(found, key: \.id) { RuleDocument($0) }
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        let response = try await idempotency.create(
            RuleInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let rule = try await editor.create(try input.definition(), by: user, in: organization, transaction)
            return JSON(
                RuleDocument(rule), status: .created, version: rule.version,
                location: "/api/v1/alerts/rules/\(rule.id.text)")
        }
        await editor.versions.bump(organization)
        return response
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<RuleDocument> {
        guard let rule = try await rules.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        return JSON(RuleDocument(rule), version: rule.version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<RuleDocument> {
        let definition = try await request.decode(as: RuleInput.self, context: context).definition()
        let rule = try await editor.replace(
            context.id(), with: definition, ifVersions: request.versionsToMatch, by: context.user,
            in: context.organizationID)
        return JSON(RuleDocument(rule), version: rule.version)
    }

    @Sendable private func delete(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> HTTPResponse.Status {
        try await editor.delete(
            context.id(), ifVersions: request.versionsToMatch, by: context.user, in: context.organizationID)
        return .noContent
    }
}
