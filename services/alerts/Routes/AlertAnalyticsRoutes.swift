import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/analytics/alerts`: what alerts amount to over a stretch of time.
struct AlertAnalyticsRoutes: Sendable {
    let statistics: AlertStatisticsStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/analytics/alerts", .user(atLeast: .viewer, orGrant: true), use: show)
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertStatisticsDocument> {
        let query = try request.query()
        let range = try query.timeRange()
        guard range.end.since(range.start) <= AlertStatistics.longest else {
            throw Problem.invalid("from", "must be at most 366 days before to")
        }
        let unknownZone = Problem.invalid("tz", "must be a name of the IANA time zone database")
        guard let zone = TimeZoneName(query["tz"] ?? TimeZoneName.utc.description) else { throw unknownZone }
        let found = try await statistics.statistics(
            in: context.organizationID, range, zone, visibleBy: context.user.deviceVisibility)
        guard let found else { throw unknownZone }
        return JSON(AlertStatisticsDocument(found, range, zone))
    }
}
