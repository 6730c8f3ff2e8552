import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import NIOCore
import Postgres

/// `/api/v1/alerts`: everybody reads, members acknowledge and resolve.
struct AlertRoutes: Sendable {
    let alerts: AlertStore
    let life: AlertLife
    let announcer: AlertAnnouncer

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts", .user(atLeast: .viewer, orGrant: true), use: list)
        routes.get("/api/v1/alerts/active", .user(atLeast: .viewer, orGrant: true), use: listOpen)
        routes.get("/api/v1/alerts/stats", .user(atLeast: .viewer, orGrant: true), use: stats)
        routes.get("/api/v1/alerts/{id}", .user(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/alerts/{id}/acknowledge", .user(atLeast: .member, orGrant: true)) { request, context in
            try await step(request, context) { alert, user, notes, transaction in
                do {
                    return try await life.acknowledge(alert, by: user, notes: notes, transaction)
                } catch is AlertResolved {
                    throw Problem.conflict("The alert is resolved.")
                }
            }
        }
        routes.put("/api/v1/alerts/{id}/resolve", .user(atLeast: .member, orGrant: true)) { request, context in
            try await step(request, context) { try await life.resolve($0, by: $1, notes: $2, $3) }
        }
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<AlertDocument> {
        let query = try request.query()
        return try await page(query, try filter(query, context, statuses: query.values("status")), context)
    }

    @Sendable private func listOpen(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<AlertDocument> {
        let query = try request.query()
        return try await page(
            query, try filter(query, context, statuses: AlertStatus.allCases.filter(\.isOpen)), context)
    }

    private func filter(
        _ query: QueryParameters, _ context: AppRequestContext, statuses: [AlertStatus]
    ) throws -> AlertFilter {
        AlertFilter(
            severities: try query.values("severity"), statuses: statuses,
            deviceIDs: try query.values("device_id", as: UUID.self),
            ruleIDs: try query.values("rule_id", as: UUID.self), visibility: try context.user.deviceVisibility)
    }

    private func page(
        _ query: QueryParameters, _ filter: AlertFilter, _ context: AppRequestContext
    ) async throws -> Page<AlertDocument> {
        let page = try query.page(of: UUID.self)
        let found = try await alerts.list(in: context.organizationID, filter, page)
        return try page.page(found, key: \.id) { AlertDocument($0) }
    }

    @Sendable private func stats(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertStatsDocument> {
        JSON(
            AlertStatsDocument(
                try await alerts.counts(in: context.organizationID, visibleBy: context.user.deviceVisibility)))
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertDetailDocument> {
        let found = try await alerts.find(
            context.id(), in: context.organizationID, visibleBy: context.user.deviceVisibility)
        guard let (alert, history) = found else { throw Problem.notFound() }
        return JSON(AlertDetailDocument(alert, history), version: alert.version)
    }

    private typealias Step =
        @Sendable (
            _ alert: Alert, _ user: UUID, _ notes: String?, _ transaction: Transaction
        ) async throws -> AlertStep?

    private func step(
        _ request: Request, _ context: AppRequestContext, _ take: Step
    ) async throws -> JSON<AlertDocument> {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let notes = try await Notes.read(from: request, context).notes
        let (alert, step): (Alert, AlertStep?) = try await alerts.database.withTransaction(
            as: .organization(organization)
        ) { transaction in
            guard let alert = try await alerts.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            let project = try await alerts.project(of: alert, transaction)
            guard let role = user.role(onDevice: alert.deviceID, ofProject: project) else { throw Problem.notFound() }
            guard role >= .member else { throw Problem.forbidden() }
            try request.requireMatch(alert.version)
            guard let step = try await take(alert, user.id, notes, transaction) else {
                return (alert, nil)
            }
            try await transaction.query(
                AuditEntry(step.event.type, of: id, in: organization, by: user, data: ["notes": notes]).insert)
            return (step.alert, step)
        }
        await announcer.announce(step.map { [$0] } ?? [])
        return JSON(AlertDocument(alert), version: alert.version)
    }
}

/// The optional body of a step: `{"notes": "…"}`.
private struct Notes: Decodable {
    var notes: String?

    static func read(from request: Request, _ context: AppRequestContext) async throws -> Notes {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        guard body.readableBytes > 0 else { return Notes() }
        var request = request
        request.body = RequestBody(buffer: body)
        let notes = try await request.decode(as: Notes.self, context: context)
        try validate { $0.length(of: notes.notes, 0...2_000, "notes") }
        return notes
    }
}
