import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What the readings of a range of time come to, series by series.
struct AnalysisRoutes: Sendable {
    let analysis: ReadingAnalysis
    let devices: DeviceStore
    let answers: AnswerCache

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/readings/stats", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            let device = try await devices.device(of: context)
            return try await answers.answer(request, context) {
                try await statistics(request, context, devices: [device])
            }
        }
        routes.get("/api/v1/readings/stats", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await answers.answer(request, context) {
                try await statistics(request, context, devices: request.query().values("device_id", as: UUID.self))
            }
        }
        routes.get("/api/v1/readings/aggregation", .user(atLeast: .viewer, orGrant: true), use: kept(aggregation))
        routes.get("/api/v1/readings/quality", .user(atLeast: .viewer, orGrant: true), use: kept(quality))
        routes.get("/api/v1/readings/trends", .user(atLeast: .viewer, orGrant: true), use: kept(trends))
    }

    private func kept<Answer: Encodable & Sendable>(
        _ handler: @escaping @Sendable (Request, AppRequestContext) async throws -> Answer
    ) -> @Sendable (Request, AppRequestContext) async throws -> KeptAnswer {
        { request, context in try await answers.answer(request, context) { try await handler(request, context) } }
    }

    private func statistics(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> RangeReport<SeriesStatistics> {
        let query = try request.query()
        let (range, page) = (try query.timeRange(), try query.page(of: Int64.self))
        let percentiles = try Set(query.values("percentiles", as: Percentile.self))
        let filter = SeriesFilter(query, devices: devices, context)
        let unit = try await analysis.unit(query, for: filter, organization: context.organizationID)
        let (found, source) = try await analysis.statistics(
            filter, range, percentiles: Percentile.allCases.filter(percentiles.contains), page,
            organization: context.organizationID)
        return RangeReport(
            range: range, resolution: source,
            page: try page.page(found, key: \.id) { try $0.statistics.given(in: unit) })
    }

    @Sendable private func aggregation(_ request: Request, _ context: AppRequestContext) async throws -> Aggregation {
        let query = try request.query()
        let filter = SeriesFilter(query, devices: try query.values("device_id", as: UUID.self), context)
        let unit = try await analysis.unit(query, for: filter, organization: context.organizationID)
        return try await analysis.aggregation(
            filter, AggregationRequest(query, unit: unit), organization: context.organizationID)
    }

    @Sendable private func quality(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> RangeReport<SeriesQuality> {
        let query = try request.query()
        let (range, page) = (try query.timeRange(), try query.page(of: Int64.self))
        let filter = SeriesFilter(query, devices: try query.values("device_id", as: UUID.self), context)
        let found = try await analysis.quality(
            filter, range, expected: query.expectedInterval(), page, organization: context.organizationID)
        return RangeReport(range: range, resolution: .rows, page: try page.page(found, key: \.id, item: \.quality))
    }

    @Sendable private func trends(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> RangeReport<SeriesTrend> {
        let query = try request.query()
        let (range, page) = (try query.timeRange(), try query.page(of: Int64.self))
        let filter = SeriesFilter(query, devices: try query.values("device_id", as: UUID.self), context)
        let unit = try await analysis.unit(query, for: filter, organization: context.organizationID)
        let (found, source) = try await analysis.trends(filter, range, page, organization: context.organizationID)
        return RangeReport(
            range: range, resolution: source, page: try page.page(found, key: \.id) { try $0.trend.given(in: unit) })
    }
}

extension QueryParameters {
    /// `tz`, by default UTC; whether there is such a zone, the database tells.
    ///
    /// - Throws: ``UnknownTimeZone``.
    func timeZone() throws(UnknownTimeZone) -> TimeZoneName {
        guard let text = self["tz"] else { return .utc }
        guard let zone = TimeZoneName(text) else { throw UnknownTimeZone() }
        return zone
    }

    /// `expected_interval`, in seconds.
    ///
    /// - Throws: 422.
    fileprivate func expectedInterval() throws(Problem) -> Double? {
        guard let text = self["expected_interval"] else { return nil }
        guard let interval = BucketInterval(text), interval.unit.isFixed else {
            throw .invalid(
                "expected_interval",
                "must be a whole number from 1 to \(BucketInterval.counts.upperBound) with s, m or h")
        }
        return Double(interval.leastSeconds)
    }
}

extension AggregationRequest {
    /// `from`, `to` and `interval`, those that have defaults (`tz`, `aggregation` and `fill`), and `points`, for which
    /// the function that is named first counts.
    ///
    /// - Throws: 422.
    init(_ query: QueryParameters, unit: MeasurementUnit?) throws {
        try validate { check in
            for name in ["from", "to", "interval"] { check.require(query[name] != nil, name, "is required") }
        }
        range = try query.timeRange()
        guard let interval = query["interval"].flatMap(BucketInterval.init) else {
            throw Problem.invalid(
                "interval",
                "must be a whole number from 1 to \(BucketInterval.counts.upperBound) with s, m, h, d, w or M")
        }
        self.interval = interval
        zone = try query.timeZone()
        let asked = try query.values("aggregation", as: AggregateFunction.self)
        functions = asked.isEmpty ? [.avg] : AggregateFunction.allCases.filter(asked.contains)
        chart = try query.value("points", in: LargestTriangle.counts).map { points in
            Chart(points: points, function: asked.first ?? .avg)
        }
        filling = try query.value("fill", as: GapFilling.self) ?? GapFilling.none
        self.unit = unit
    }
}
