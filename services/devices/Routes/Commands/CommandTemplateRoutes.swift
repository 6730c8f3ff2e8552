import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// The commands that an organization has prepared: `/api/v1/commands/templates`.
struct CommandTemplateRoutes: Sendable {
    private static let path = "/api/v1/commands/templates"

    let templates: CommandTemplateStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .user(atLeast: .viewer), use: list)
        routes.post(Self.path, .user(atLeast: .admin), use: create)
        routes.get("\(Self.path)/{id}", .user(atLeast: .viewer), use: show)
        routes.put("\(Self.path)/{id}", .user(atLeast: .admin), use: replace)
        routes.delete("\(Self.path)/{id}", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<CommandTemplate> {
        let page = try request.query().page(of: UUID.self)
        return try page.page(try await templates.list(in: try context.organizationID, page), key: \.id)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user.id, try context.organizationID)
        return try await idempotency.create(
            CommandTemplateBody.self, request, context, as: .organization(organization)
        ) { body, transaction in
            let template = try await templates.insert(
                try body.content(), in: organization, by: user, context.cause, transaction)
            return JSON(
                template, status: .created, version: template.version, location: "\(Self.path)/\(template.id.text)")
        }
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<CommandTemplate> {
        let template = try await templates.find(try context.id(), in: try context.organizationID)
        return JSON(template, version: template.version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<CommandTemplate> {
        let id = try context.id()
        let content = try await request.decode(as: CommandTemplateBody.self, context: context).content()
        let template = try await templates.replace(
            id, in: try context.organizationID, with: content, ifMatch: request.versionsToMatch, context.cause)
        return JSON(template, version: template.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await templates.delete(
            try context.id(), in: try context.organizationID, ifMatch: request.versionsToMatch, context.cause)
        return Response(status: .noContent)
    }
}
