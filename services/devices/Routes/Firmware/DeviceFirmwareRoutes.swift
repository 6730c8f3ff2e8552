import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// How devices come by their firmware, and what they say of it.
struct DeviceFirmwareRoutes: Sendable {
    private static let content = RouteOptions(body: .none, produces: ["application/octet-stream"])

    let firmware: FirmwareStore
    let updates: FirmwareUpdateStore
    let access: DeviceAccess
    let liveness: LivenessWriter
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.get(
            "/api/v1/devices/{id}/firmware", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/devices/{id}/firmware/reported", .device, use: report)
        routes.get("\(Firmware.path)/{id}/content", .userOrDevice(atLeast: .viewer), Self.content, use: download)
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceFirmware> {
        let device = try await access.device(context, atLeast: .viewer)
        if context.principal?.device != nil { liveness.note([SignOfLife(deviceID: device.id, time: .now)]) }
        return JSON(
            DeviceFirmware(
                device: device,
                current: try await firmware.current(for: device.profile.deviceType, in: device.organizationID),
                update: try await updates.find(device.id, in: device.organizationID)))
    }

    @Sendable private func report(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<FirmwareUpdate> {
        let id = try DeviceAccess.ownID(context)
        let report = try await request.decode(as: FirmwareReportBody.self, context: context).report()
        let update = try await updates.report(report, by: id, in: try context.organizationID, context.cause)
        announcer.committed()
        // What it said of its version before, and is not yet written, is outdated.
        let version = report.state == .applied ? report.version.text : nil
        liveness.note([SignOfLife(deviceID: id, time: .now, firmwareVersion: version)])
        return JSON(update)
    }

    /// A device gets what is for its type alone.
    @Sendable private func download(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let organization = try context.organizationID
        var type: String?
        if let caller = context.principal?.device {
            type = try await access.devices.find(caller.id, in: organization).profile.deviceType
            liveness.note([SignOfLife(deviceID: caller.id, time: .now)])
        }
        let found = try await firmware.find(try context.id(), for: type, in: organization)
        return try FirmwareDownload(firmware: found, store: firmware).response(to: request)
    }
}

/// What firmware a device has, what it is to have, and how far it is with it.
private struct DeviceFirmware: Encodable {
    let device: Device
    let current: Firmware?
    let update: FirmwareUpdate?

    private enum CodingKeys: String, CodingKey {
        case firmware, update
        case deviceID = "device_id"
        case firmwareVersion = "firmware_version"
        case updateAvailable = "update_available"
    }

    func encode(to encoder: any Encoder) throws {
        let version = device.profile.firmwareVersion
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(device.id.text, forKey: .deviceID)
        try container.encode(version, forKey: .firmwareVersion)
        try container.encode(current?.isUpdate(of: version) ?? false, forKey: .updateAvailable)
        try container.encode(current, forKey: .firmware)
        try container.encode(update, forKey: .update)
    }
}
