import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts`: what there is to see of alerts, for everybody.
struct AlertRoutes: Sendable {
    let alerts: AlertStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts", .user(atLeast: .viewer, orGrant: true), use: list)
        routes.get("/api/v1/alerts/active", .user(atLeast: .viewer, orGrant: true), use: listOpen)
        routes.get("/api/v1/alerts/stats", .user(atLeast: .viewer, orGrant: true), use: stats)
        routes.get("/api/v1/alerts/{id}", .user(atLeast: .viewer, orGrant: true), use: show)
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
        let start = try query.value("from", as: Timestamp.self)
        let end = try query.value("to", as: Timestamp.self)
        if let start, let end, start > end { throw Problem.invalid("from", "must not be after to") }
        return AlertFilter(
            severities: try query.values("severity"), statuses: statuses,
            deviceIDs: try query.values("device_id", as: UUID.self),
            ruleIDs: try query.values("rule_id", as: UUID.self),
            assigneeIDs: try query.values("assigned_to", as: UUID.self), start: start, end: end,
            visibility: try context.user.deviceVisibility)
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
        guard let found else { throw Problem.notFound() }
        // Names change without a new version of the alert.
        return JSON(AlertDetailDocument(found), version: found.alert.version, isCallersView: true)
    }
}
