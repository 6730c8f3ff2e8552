import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/channels`: admins write and test, everybody reads; a secret is never answered.
struct ChannelRoutes: Sendable {
    let channels: ChannelStore
    let members: MemberStore
    let mail: MailStore
    let versions: RuleVersions
    let sender: ChannelSender
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
            let definition = try input.definition()
            try await requireMembers(definition.destination.memberIDs, in: organization, transaction)
            let channel = try await channels.insert(definition, in: organization, transaction)
            let document = ChannelDocument(channel)
            try await transaction.query(
                AuditEntry("alert_channel.created", of: channel.id, in: organization, by: user, data: document).insert)
            return JSON(
                document, status: .created, version: channel.version,
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
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let input = try await request.decode(as: ChannelInput.self, context: context)
        let document = try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            // Members before the channel, as where one leaves the organization.
            try await requireMembers(input.memberIDs ?? [], in: organization, transaction)
            let current = try await locked(id, organization, request, transaction)
            let channel = try await channels.update(current, to: input.definition(replacing: current), transaction)
            let document = ChannelDocument(channel)
            try await transaction.query(
                AuditEntry("alert_channel.updated", of: id, in: organization, by: user, data: document).insert)
            return document
        }
        return JSON(document, version: document.channel.version)
    }

    @Sendable private func delete(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> HTTPResponse.Status {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            let channel = try await locked(id, organization, request, transaction)
            try await channels.delete(id, in: organization, transaction)
            try await transaction.query(
                AuditEntry(
                    "alert_channel.deleted", of: id, in: organization, by: user, data: ChannelDocument(channel)
                ).insert)
        }
        await versions.bump(organization)
        return .noContent
    }

    /// Puts a made-up alert into words, those of a template that need not be a channel's yet.
    @Sendable private func preview(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<TemplatePreviewDocument> {
        let (kind, template, event) = try await request.decode(as: TemplatePreviewInput.self, context: context)
            .checked()
        return JSON(try sender.preview(kind, template, event: event))
    }

    /// Sends a message that says it is a test, to all recipients, and answers how it went.
    @Sendable private func test(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ChannelTestDocument> {
        let targets: [ChannelTarget]?
        do {
            targets = try await testTargets(of: context.id(), in: context.organizationID)
        } catch is SealError {
            return JSON(
                ChannelTestDocument([.refused("the channel's secret cannot be read any more; set it anew")]))
        }
        guard let targets else { throw Problem.notFound() }
        let outcomes = await withTaskGroup(of: DeliveryOutcome.self) { group in
            for target in targets {
                group.addTask {
                    await sender.send(
                        OutgoingMessage(id: .v7(), steps: [], template: nil, createdAt: .now), to: target)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return JSON(ChannelTestDocument(outcomes))
    }

    /// Where a test goes.
    ///
    /// - Throws: 429 when the organization has sent its mail of this hour; `SealError`.
    private func testTargets(of id: UUID, in organization: UUID) async throws -> [ChannelTarget]? {
        let now = Timestamp.now
        return try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            guard let targets = try await channels.targets(id, in: organization, at: now, transaction) else {
                return nil
            }
            let addresses = targets.compactMap { if case .email(let address) = $0 { address } else { nil } }
            let foreign = try await mail.foreign(addresses, to: organization, transaction).count
            guard try await mail.take(foreign, of: organization, at: now, transaction) == foreign else {
                throw Problem.tooManyRequests(
                    retryAfter: Int(MailAllowance.next(after: now).since(now).components.seconds) + 1,
                    "The organization has sent its mail of this hour.")
            }
            return targets
        }
    }

    /// - Throws: 422 unless all are members of the organization.
    private func requireMembers(
        _ ids: [UUID], in organization: UUID, _ transaction: Transaction
    ) async throws {
        guard !ids.isEmpty else { return }
        let existing = try await members.existing(ids, in: organization, transaction)
        let missing = ids.filter { !existing.contains($0) }.map(\.text)
        guard missing.isEmpty else { throw Problem.invalid("member_ids", "names no member with \(missing.listed)") }
    }

    /// - Throws: 404, or 412 when the client has read another version.
    private func locked(
        _ id: UUID, _ organization: UUID, _ request: Request, _ transaction: Transaction
    ) async throws -> Channel {
        guard let channel = try await channels.lock(id, in: organization, transaction) else {
            throw Problem.notFound()
        }
        try request.requireMatch(channel.version)
        return channel
    }
}
