import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// `POST /api/v1/readings`: what somebody sends for several devices at once, such as a gateway of the laboratory with a
/// personal access token.
struct ManyDevicesRoutes: Sendable {
    private static let options = RouteOptions(body: BodyRule(accepts: [.json], limit: ReadingLimits.bodyBytes))
    private static let leastRole = Role.member

    let ingest: Ingest
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/readings", .user(atLeast: Self.leastRole, orGrant: true), Self.options, use: take)
    }

    /// All in one submission; the readings of a device that the user may not write for are rejected.
    @Sendable private func take(_ request: Request, _ context: AppRequestContext) async throws -> IngestAnswer {
        let organization = try context.organizationID
        try await ingest.admit(organization)
        let requested = try await request.parseBody(upTo: context.maxUploadSize, with: ManyDevicesParser.parse)
        let writable = try await devices.writable(
            requested.compactMap(\.deviceID), by: context.user, atLeast: Self.leastRole, in: organization)
        try await ingest.prepare(writable, in: organization)
        var rows: [DeviceRows] = []
        var rejections: [Rejection] = []
        for var device in requested {
            guard let id = device.deviceID, writable.contains(id) else {
                rejections += device.rejections(because: DeviceStore.notWritable)
                continue
            }
            rows.append(try await ingest.rows(&device.columns, of: id, in: organization))
            rejections += device.rejections
        }
        guard let answer = try await ingest.store(rows, beside: rejections) else {
            throw Problem.invalid(rejections.map { FieldError($0.field, $0.message) })
        }
        return answer
    }
}
