import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// Commands for many devices: `/api/v1/commands/bulk`.
///
/// They reach over the whole organization, so they are for its members; a grant on some of it does not do.
struct BulkCommandRoutes: Sendable {
    private static let path = "/api/v1/commands/bulk"

    let bulks: BulkCommandStore
    let templates: CommandTemplateStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .user(atLeast: .viewer), use: list)
        routes.post(Self.path, .user(atLeast: .member), use: create)
        routes.get("\(Self.path)/{id}", .user(atLeast: .viewer), use: show)
        routes.delete("\(Self.path)/{id}", .user(atLeast: .member), use: cancel)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<BulkCommand> {
        let page = try request.query().page(of: UUID.self)
        return try page.page(try await bulks.list(in: try context.organizationID, page), key: \.id)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user.id, try context.organizationID)
        return try await idempotency.create(
            NewBulkCommand.self, request, context, as: .organization(organization)
        ) { body, transaction in
            let template = try await templates.find(of: body.command, in: organization, transaction)
            let progress = try await bulks.insert(
                try body.order(from: template), by: template, for: body.selector, in: organization, by: user,
                context.cause, transaction)
            return JSON(
                progress, status: .created, version: progress.bulk.version, isCallersView: true,
                location: "\(Self.path)/\(progress.bulk.id.text)")
        }
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<BulkProgress> {
        let progress = try await bulks.progress(of: try context.id(), in: try context.organizationID)
        return JSON(progress, version: progress.bulk.version, isCallersView: true)
    }

    /// Accepted, for it takes some time.
    @Sendable private func cancel(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<BulkProgress> {
        let progress = try await bulks.cancel(
            try context.id(), in: try context.organizationID, ifMatch: request.versionsToMatch,
            by: try context.user.id, context.cause)
        return JSON(progress, status: .accepted, version: progress.bulk.version, isCallersView: true)
    }
}
