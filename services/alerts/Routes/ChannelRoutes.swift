import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/channels`: admins write and test, everybody reads; a secret is never answered.
struct ChannelRoutes: Sendable {
    let channels: ChannelStore
    let editor: ChannelEditor
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/channels", .user(atLeast: .viewer), use: list)
        routes.post("/api/v1/alerts/channels", .user(atLeast: .admin), use: create)
        routes.post("/api/v1/alerts/channels/preview", .user(atLeast: .admin), use: preview)
        routes.get("/api/v1/alerts/channels/{id}", .user(atLeast: .viewer), use: show)
        routes.put("/api/v1/alerts/channels/{id}", .user(atLeast: .admin), use: replace)
        routes.delete("/api/v1/alerts/channels/{id}", .user(atLeast: .admin), use: delete)
        routes.post(
            "/api/v1/alerts/channels/{id}/test", .user(atLeast: .admin), RouteOptions(body: .any()), use: test)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<ChannelDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await channels.list(in: context.organizationID, page)
        return try page.page(found, key: \.id) { ChannelDocument($0) }
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        return try await idempotency.create(
            ChannelInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let channel = try await editor.create(input, by: user, in: organization, transaction)
            return JSON(
                ChannelDocument(channel), status: .created, version: channel.version,
                location: "/api/v1/alerts/channels/\(channel.id.text)")
        }
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ChannelDocument> {
        guard let channel = try await channels.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        return JSON(ChannelDocument(channel), version: channel.version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ChannelDocument> {
        let input = try await request.decode(as: ChannelInput.self, context: context)
        let channel = try await editor.replace(
            context.id(), with: input, ifVersions: request.versionsToMatch, by: context.user,
            in: context.organizationID)
        return JSON(ChannelDocument(channel), version: channel.version)
    }

    @Sendable private func delete(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> HTTPResponse.Status {
        try await editor.delete(
            context.id(), ifVersions: request.versionsToMatch, by: context.user, in: context.organizationID)
        return .noContent
    }

    /// Puts a made-up alert into words, those of a template that need not be a channel's yet.
    @Sendable private func preview(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<TemplatePreviewDocument> {
        let (kind, template, event) = try await request.decode(as: TemplatePreviewInput.self, context: context)
            .checked()
        return JSON(try editor.sender.preview(kind, template, event: event))
    }

    /// Sends a message that says it is a test, to all recipients, and answers how it went.
    @Sendable private func test(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ChannelTestDocument> {
        JSON(try await editor.test(context.id(), in: context.organizationID))
    }
}
