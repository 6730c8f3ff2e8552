import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/rules`: admins write, everybody reads.
struct RuleRoutes: Sendable {
    let rules: RuleStore
    let channels: ChannelStore
    let life: AlertLife
    let versions: RuleVersions
    let announcer: AlertAnnouncer
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
            let definition = try input.definition()
            try await channels.require(channelsOf: definition, in: organization, transaction)
            let rule = try await rules.insert(definition, in: organization, transaction)
            let document = RuleDocument(rule)
            try await transaction.query(
                AuditEntry("alert_rule.created", of: rule.id, in: organization, by: user, data: document).insert)
            return JSON(
                document, status: .created, version: rule.version, location: "/api/v1/alerts/rules/\(rule.id.text)")
        }
        await versions.bump(organization)
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
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let definition = try await request.decode(as: RuleInput.self, context: context).definition()
        let rule = try await rules.database.withTransaction(as: .organization(organization)) { transaction in
            _ = try await locked(id, organization, request, transaction)
            try await channels.require(channelsOf: definition, in: organization, transaction)
            let rule = try await rules.update(id, to: definition, in: organization, transaction)
            try await transaction.query(
                AuditEntry("alert_rule.updated", of: id, in: organization, by: user, data: RuleDocument(rule)).insert)
            return rule
        }
        await versions.bump(organization)
        return JSON(RuleDocument(rule), version: rule.version)
    }

    @Sendable private func delete(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> HTTPResponse.Status {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let steps = try await rules.database.withTransaction(as: .organization(organization)) { transaction in
            let rule = try await locked(id, organization, request, transaction)
            let steps = try await life.resolveAll(ofRule: rule, by: user.id, transaction)
            try await rules.delete(id, in: organization, transaction)
            try await transaction.query(
                AuditEntry("alert_rule.deleted", of: id, in: organization, by: user, data: RuleDocument(rule)).insert)
            return steps
        }
        await versions.bump(organization)
        await announcer.announce(steps)
        return .noContent
    }

    /// - Throws: 404, or 412 when the client has read another version.
    private func locked(
        _ id: UUID, _ organization: UUID, _ request: Request, _ transaction: Transaction
    ) async throws -> Rule {
        guard let rule = try await rules.lock(id, in: organization, transaction) else { throw Problem.notFound() }
        try request.requireMatch(rule.version)
        return rule
    }
}
