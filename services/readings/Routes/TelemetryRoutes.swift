import HTTPKit
import Hummingbird
import Identity

/// `POST /api/v1/{token}/telemetry`: what a device measured, sent as to ThingsBoard. The token in the path is the device's
/// key, and the caller's credential.
struct TelemetryRoutes: Sendable {
    private static let options = RouteOptions(body: BodyRule(accepts: [.json], limit: ReadingLimits.bodyBytes))

    let ingest: Ingest

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/{token}/telemetry", .device, Self.options, use: take)
    }

    /// 200 without a body, once the rows are committed, also where some of the values are rejected or there are none.
    @Sendable private func take(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try context.device
        try await ingest.admit(device.organizationID)
        var columns = try await request.parseBody(upTo: context.maxUploadSize, with: TelemetryParser.parse)
        let rows = try await ingest.rows(&columns, of: device.id, in: device.organizationID)
        let answer = try await ingest.store([rows], beside: columns.rejections)
        guard answer != nil || columns.rejections.isEmpty else {
            throw Problem.invalid(columns.rejections.map { FieldError($0.field, $0.message) })
        }
        return Response(status: .ok)
    }
}
