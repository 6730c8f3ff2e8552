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
}
