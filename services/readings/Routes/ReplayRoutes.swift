import Foundation
import HTTPKit
import Hummingbird
import Postgres

/// `GET /internal/v1/readings`: past readings for services that go over them again, as alerts does to test a rule.
struct ReplayRoutes: Sendable {
    private static let mostDevices = 100
    private static let mostSensorTypes = 10
    private static let mostReadings = 10_000

    let replay: ReadingReplay

    func add(to routes: inout RouteTable) {
        routes.get("/internal/v1/readings", .internalService, RouteOptions(body: .none)) { request, _ in
            try await answer(request.query())
        }
    }

    private func answer(_ query: QueryParameters) async throws -> JSON<ReplayPage> {
        guard let organization = try query.value("organization_id", as: UUID.self) else {
            throw Problem.invalid("organization_id", "is required")
        }
        let selection = ReadingReplay.Selection(
            devices: try query.values("device_ids", as: UUID.self),
            // A sensor type may have commas of its own.
            sensorTypes: query.all.filter { $0.name == "sensor_types" }.map(\.value), range: try query.timeRange())
        try validate { check in
            check.count(of: selection.devices, 1...Self.mostDevices, "device_ids")
            check.count(of: selection.sensorTypes, 1...Self.mostSensorTypes, "sensor_types")
            for type in selection.sensorTypes { check.length(of: type, 1...100, "sensor_types") }
        }
        let request = try query.page(of: ReadingReplay.Position.self, maximum: Self.mostReadings)
        let page = try await replay.page(
            selection, after: request.after, limit: request.limit, organization: organization)
        return JSON(
            ReplayPage(readings: Data(page.readings.bytes), next: try page.next.map(request.cursor(behind:))))
    }
}

/// A page of readings as it is answered.
private struct ReplayPage: Encodable, Sendable {
    /// A ``TelemetryEntry``.
    let readings: Data
    let next: String?
}
