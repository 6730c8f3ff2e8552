import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What the readings of a range of time come to, series by series.
struct AnalysisRoutes: Sendable {
    let analysis: ReadingAnalysis
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/readings/stats", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            try await statistics(request, context, devices: [devices.device(of: context)])
        }
        routes.get("/api/v1/readings/stats", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await statistics(request, context, devices: request.query().values("device_id", as: UUID.self))
        }
        routes.get("/api/v1/readings/aggregation", .user(atLeast: .viewer, orGrant: true), use: aggregation)
    }

    private func statistics(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> RangeReport<SeriesStatistics> {
        let query = try request.query()
        let (range, page) = (try query.timeRange(), try query.page(of: Int64.self))
        let percentiles = try Set(query.values("percentiles", as: Percentile.self))
        let found = try await analysis.statistics(
            SeriesFilter(query, devices: devices, context), range,
            percentiles: Percentile.allCases.filter(percentiles.contains), page, organization: context.organizationID)
        return RangeReport(
            range: range, source: .rows, page: try page.page(found, key: \.id, item: \.statistics))
    }

    @Sendable private func aggregation(_ request: Request, _ context: AppRequestContext) async throws -> Aggregation {
        let query = try request.query()
        let filter = SeriesFilter(query, devices: try query.values("device_id", as: UUID.self), context)
        return try await analysis.aggregation(
            filter, AggregationRequest(query), organization: context.organizationID)
    }
}

extension AggregationRequest {
    /// `from`, `to` and `interval`, and those that have defaults: `timezone`, `function` and `fill`.
    ///
    /// - Throws: 422.
    init(_ query: QueryParameters) throws {
        try validate { check in
            for name in ["from", "to", "interval"] { check.require(query[name] != nil, name, "is required") }
        }
        range = try query.timeRange()
        guard let interval = query["interval"].flatMap(BucketInterval.init) else {
            throw Problem.invalid(
                "interval",
                "must be a whole number from 1 to \(BucketInterval.counts.upperBound) with s, m, h, d, w or mo")
        }
        self.interval = interval
        guard let zone = query["timezone"].map(TimeZoneName.init) ?? .utc else { throw AggregationFailure.unknownZone }
        self.zone = zone
        let functions = try Set(query.values("function", as: AggregateFunction.self))
        self.functions = functions.isEmpty ? [.avg] : AggregateFunction.allCases.filter(functions.contains)
        filling = try query.value("fill", as: GapFilling.self) ?? GapFilling.none
    }
}
