import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// `GET /api/v1/sensor-types`: what sensors can measure, or what those of the organization do.
struct SensorTypeRoutes: Sendable {
    private enum Scope: String, CaseIterable {
        /// Those that the platform knows.
        case known
        /// Those of the series that the caller may see.
        case used
    }

    let analysis: ReadingAnalysis

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/sensor-types", .userOrDevice(atLeast: .viewer, orGrant: true), use: list)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let query = try request.query()
        switch try query.value("scope", as: Scope.self) ?? .known {
        case .known:
            // The tag is made of what is answered, which changes with the code.
            return try JSON(Page(items: SensorCatalogue.all, nextCursor: nil), version: 1, isCallersView: true)
                .response(from: request, context: context)
        case .used: return try await used(query, context).response(from: request, context: context)
        }
    }

    private func used(_ query: QueryParameters, _ context: AppRequestContext) async throws -> Page<SensorTypeUse> {
        let page = try query.page(of: String.self, order: .ascending)
        let filter = SeriesFilter(
            devices: context.principal?.device.map { [$0.id] } ?? [], visibility: context.deviceVisibility)
        return try page.page(
            await analysis.sensorTypes(filter, page, organization: context.organizationID), key: \.name)
    }
}
