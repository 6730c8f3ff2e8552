import Foundation
import HTTPKit
import Hummingbird
import Kernel
import Postgres
import Synchronization

/// Who did what: of one entity, of an organization, of the whole platform.
struct AuditRoutes: Sendable {
    private static let listOptions = RouteOptions(body: .none, produces: [.json, .csv])
    /// What the logs of organizations and of the platform tell of by default.
    private static let period = Duration.seconds(90 * 86_400)

    let audit: AuditStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/entities/{id}/events", .user(atLeast: .viewer), Self.listOptions) { request, context in
            // One entity's rows have an index of their own, and are few beside an organization's.
            var filter = try AuditFilter(request.query(), within: nil)
            filter.confine(to: try context.id(), seenBy: try context.user)
            return try await answer(.organization(context.organizationID), filter, "history", request, context)
        }
        routes.get("/api/v1/organizations/{id}/audit", .member(atLeast: .admin), Self.listOptions) { request, context in
            let id = try context.id()
            let filter = try AuditFilter(request.query(), within: Self.period)
            if try request.listFormat() == .csv { try await noteExport(of: id, by: context.user.id) }
            return try await answer(.organization(id), filter, "audit", request, context)
        }
        routes.get("/api/v1/admin/audit", .superuser, Self.listOptions) { request, context in
            let query = try request.query()
            let organizations = try query.values("organization_id", as: UUID.self)
            let filter = try AuditFilter(query, within: Self.period)
            if try request.listFormat() == .csv { try await noteExport(of: organizations, by: context.user.id) }
            return try await answer(
                .platform(organizations: organizations), filter, "audit", request, context)
        }
    }

    private func noteExport(of organization: UUID, by user: UUID) async throws {
        let entry = AuditEntry(
            type: "organization.audit_exported", entityID: organization, organizationID: organization,
            actor: try Actor.user(user))
        try await audit.add(entry, as: .organization(organization))
    }

    /// - Parameter organizations: Those that the export is confined to; all where there are none.
    private func noteExport(of organizations: [UUID], by superuser: UUID) async throws {
        let entry = AuditEntry(
            type: "platform.audit_exported", entityID: superuser, organizationID: nil,
            actor: try Actor.user(superuser), data: try JSONB(["organization_ids": organizations.map(\.text)]))
        try await audit.add(entry, as: .platform)
    }

    private func answer(
        _ scope: AuditScope, _ filter: AuditFilter, _ name: String, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        let page = try request.query().page(of: AuditPosition.self)
        switch try request.listFormat() {
        case .json:
            let records = try await audit.page(of: scope, filter, page)
            return try page.page(records, key: \.position) { try AuditAnswer($0) }
                .response(from: request, context: context)
        case .csv:
            return try CSVResponse(
                name, header: AuditAnswer.columns, order: page.order, key: \.position, row: CSVRow.init
            ) { try await audit.page(of: scope, filter, $0) }
            .response(from: request, context: context)
        }
    }
}

extension AuditFilter {
    /// - Parameter period: How long before `to`, by default now, it begins where `from` does not say; nil for when the
    ///   log does.
    /// - Throws: 422 for ids and times that are none, and for a period that ends before it begins.
    fileprivate init(_ query: QueryParameters, within period: Duration?) throws {
        types = query.values("event_type")
        entityIDs = try query.values("entity_id", as: UUID.self)
        actorIDs = try query.values("actor_id", as: UUID.self)
        end = try query.value("to", as: Timestamp.self)
        start = try query.value("from", as: Timestamp.self) ?? period.map { (end ?? .now).adding(.zero - $0) }
        // Without `to` it has no end: what another clock than ours dates a moment ahead is not left out.
        if let start, let end, start > end { throw Problem.invalid("from", "must not be after to") }
    }
}
