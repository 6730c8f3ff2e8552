import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// The download of a firmware that the shared attributes have told of: whole, or in chunks of a size that the device
/// chooses.
struct ThingsBoardFirmwareRoutes: Sendable {
    private static let options = RouteOptions(body: .none, produces: ["application/octet-stream"])

    let firmware: FirmwareStore
    let devices: DeviceStore
    let liveness: LivenessWriter

    func add(to routes: inout RouteTable) {
        routes.get("\(ThingsBoard.root)/firmware", .device, Self.options, use: download)
    }

    @Sendable private func download(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (id, organization) = (try context.device.id, try context.organizationID)
        let query = try FirmwareChunkQuery(try request.query())
        liveness.note([SignOfLife(deviceID: id, time: .now)])
        let type = try await devices.find(id, in: organization).profile.deviceType
        guard query.title == type, let version = FirmwareVersion(query.version) else { throw FirmwareError.notFound }
        let found = try await firmware.find(version, for: type, in: organization)
        let download = FirmwareDownload(firmware: found, store: firmware)
        guard query.size > 0 else { return try download.response(to: request) }
        let start = query.size * query.chunk
        guard start < found.digest.size else {
            throw Problem.invalid("chunk", "is behind the end of the image, which has \(found.digest.size) bytes")
        }
        return download.response(start..<min(start + query.size, found.digest.size))
    }
}

/// Which part of which firmware is asked for.
private struct FirmwareChunkQuery {
    let title: String
    let version: String
    /// Bytes of a chunk; 0 for the whole image.
    let size: Int
    let chunk: Int

    /// - Throws: 422 with the parameters at fault.
    init(_ query: QueryParameters) throws {
        size = try query.value("size", in: 0...Firmware.maximumSize) ?? 0
        chunk = try query.value("chunk", in: 0...Firmware.maximumSize) ?? 0
        title = query["title"] ?? ""
        version = query["version"] ?? ""
        try validate { [title, version] check in
            check.require(!title.isEmpty, "title", "is required")
            check.require(!version.isEmpty, "version", "is required")
        }
    }
}
