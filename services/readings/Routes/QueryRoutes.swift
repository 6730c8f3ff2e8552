import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What was stored, read back: of one device, or of the organization.
struct QueryRoutes: Sendable {
    /// So many there are on a page of the latest readings unless fewer are asked for.
    private static let mostSeries = 1000

    let queries: ReadingQueries
    let analysis: ReadingAnalysis
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/readings", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            try await range(request, context, devices: [devices.device(of: context)])
        }
        routes.get("/api/v1/devices/{id}/readings/latest", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            try await latest(request, context, devices: [devices.device(of: context)])
        }
        routes.get("/api/v1/readings", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await range(request, context, devices: request.query().values("device_id", as: UUID.self))
        }
        routes.get("/api/v1/readings/latest", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await latest(request, context, devices: request.query().values("device_id", as: UUID.self))
        }
    }

    private func range(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> ReadingPage {
        let query = try request.query()
        let filter = SeriesFilter(query, devices: devices, context)
        let unit = try await analysis.unit(query, for: filter, organization: context.organizationID)
        if let points = try query.value("points", in: LargestTriangle.counts) {
            return try await chart(of: filter, points, in: unit, query, context)
        }
        let page = try query.page(of: ReadingQueries.Position.self)
        let readings = try await queries.range(
            filter, query.timeRange(), page, organization: context.organizationID)
        return ReadingPage(
            items: try readings.prefix(page.limit).map { try $0.reading.given(in: unit) },
            nextCursor: try page.nextCursor(after: readings, key: \.position))
    }

    /// The readings that stand for all of the range in a chart, on one page. They are the same in every unit.
    private func chart(
        of filter: SeriesFilter, _ points: Int, in unit: MeasurementUnit?, _ query: QueryParameters,
        _ context: AppRequestContext
    ) async throws -> ReadingPage {
        for name in ["limit", "cursor"] where query[name] != nil {
            throw Problem.invalid(name, "must not be given with points")
        }
        let order = try query.value("order", as: HTTPKit.SortOrder.self) ?? .descending
        let readings = try await analysis.downsampled(
            filter, query.timeRange(), to: points, order, organization: context.organizationID)
        return ReadingPage(items: try readings.map { try $0.given(in: unit) }, nextCursor: nil)
    }

    private func latest(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> ReadingPage {
        let query = try request.query()
        let page = try query.page(
            of: ReadingQueries.SeriesPosition.self, order: .ascending, limit: Self.mostSeries, maximum: Self.mostSeries)
        let filter = SeriesFilter(query, devices: devices, context)
        let unit = try await analysis.unit(query, for: filter, organization: context.organizationID)
        let readings = try await queries.latest(filter, page, organization: context.organizationID)
        return ReadingPage(
            items: try readings.prefix(page.limit).map { try $0.given(in: unit) },
            nextCursor: try page.nextCursor(after: readings, key: \.series))
    }
}
