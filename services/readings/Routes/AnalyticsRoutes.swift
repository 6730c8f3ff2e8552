import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// What the readings of an organization come to, over all of its devices.
struct AnalyticsRoutes: Sendable {
    private static let reports = RouteOptions(body: .none, produces: [.json, .csv])
    /// A report reads all readings of its series: so few are looked at by one statement.
    private static let linesAtOnce = 50

    let analysis: ReadingAnalysis
    let answers: AnswerCache

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/analytics/summary", .user(atLeast: .viewer, orGrant: true), use: summary)
        routes.get("/api/v1/analytics/trends", .user(atLeast: .viewer, orGrant: true), use: trends)
        routes.get("/api/v1/analytics/reports", .user(atLeast: .viewer, orGrant: true), Self.reports, use: report)
    }

    @Sendable private func summary(_ request: Request, _ context: AppRequestContext) async throws -> KeptAnswer {
        try await answers.answer(request, context) {
            let query = try request.query()
            let filter = try SeriesFilter(analytics: query, context)
            let (range, organization) = (try query.timeRange(), try context.organizationID)
            let unit = try await analysis.unit(query, for: filter, organization: organization)
            return try await analysis.summary(filter, range, in: unit, organization: organization)
        }
    }

    @Sendable private func trends(_ request: Request, _ context: AppRequestContext) async throws -> KeptAnswer {
        try await answers.answer(request, context) {
            let query = try request.query()
            let (range, zone) = (try query.timeRange(), try query.timeZone())
            let (filter, organization) = (try SeriesFilter(analytics: query, context), try context.organizationID)
            let unit = try await analysis.unit(query, for: filter, organization: organization)
            let (found, source) = try await analysis.sensorTrends(
                filter, range, zone, in: unit, organization: organization)
            return SensorTrends(
                range: range, previous: range.daysBefore, resolution: source, zone: zone, items: found)
        }
    }

    @Sendable private func report(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let query = try request.query()
        let filter = try SeriesFilter(analytics: query, context)
        let organization = try context.organizationID
        guard let period = try query.value("period", as: ReportPeriod.self) else {
            throw Problem.invalid("period", "is required")
        }
        let page = try query.page(of: Int64.self, maximum: Self.linesAtOnce)
        let format = try request.listFormat()
        let (zone, time) = (try query.timeZone(), try query.value("at", as: Timestamp.self) ?? .now)
        let begin = { @Sendable in
            (
                report: try await analysis.period(period, zone, at: time, organization: organization),
                unit: try await analysis.unit(query, for: filter, organization: organization)
            )
        }
        switch format {
        case .json:
            return try await answers.answer(request, context) {
                let (report, unit) = try await begin()
                let found = try await analysis.lines(of: report, filter, in: unit, page, organization: organization)
                return ReportPage(
                    report: report,
                    lines: RangeReport(
                        range: report.range, resolution: .rows, page: try page.page(found, key: \.id, item: \.line)))
            }.response(from: request, context: context)
        case .csv:
            let (report, unit) = try await begin()
            return try CSVResponse(
                report.fileName, header: PeriodReport.header, order: page.order, key: { $0.id },
                row: { CSVRow($0.line) }
            ) { (page: PageRequest<Int64>) in
                let part = PageRequest(limit: Self.linesAtOnce, order: page.order, after: page.after)
                return try await analysis.lines(of: report, filter, in: unit, part, organization: organization)
            }.response(from: request, context: context)
        }
    }
}

extension SeriesFilter {
    /// By devices, their projects, and sensor types.
    fileprivate init(analytics query: QueryParameters, _ context: AppRequestContext) throws {
        self.init(query, devices: try query.values("device_id", as: UUID.self), context)
        projects = try query.values("project_id", as: UUID.self)
    }
}

extension PeriodReport {
    /// With the day on which the period begins, as `report-day-2026-11-23`; by UTC, as all times in it.
    fileprivate var fileName: String { "report-\(period.rawValue)-\(range.start.rfc3339.prefix(10))" }
}
