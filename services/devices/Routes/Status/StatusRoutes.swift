import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What devices say of themselves, and what is known of it.
struct StatusRoutes: Sendable {
    static let heartbeatPath = "/api/v1/devices/{id}/heartbeat"

    let intake: StatusIntake
    let access: DeviceAccess

    func add(to routes: inout RouteTable) {
        routes.post(Self.heartbeatPath, .device, use: heartbeat)
        routes.post("/api/v1/devices/{id}/status", .device, use: report)
        routes.get("/api/v1/devices/{id}/status", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
    }

    @Sendable private func heartbeat(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<StatusAnswer> {
        var request = request
        let body = try await request.decodeIfPresent(as: StatusReport.self, context: context)
        return JSON(try await take(body ?? StatusReport(), context))
    }

    @Sendable private func report(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<StatusAnswer> {
        let report = try await request.decode(as: StatusReport.self, context: context)
        try validate { $0.require(report.status != nil, "status", "is required") }
        return JSON(try await take(report, context))
    }

    private func take(_ report: StatusReport, _ context: AppRequestContext) async throws -> StatusAnswer {
        let sign = try report.sign(of: try DeviceAccess.ownID(context))
        return try await intake.take(sign, applied: report.configVersion, in: try context.organizationID)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<DeviceState> {
        JSON(DeviceState(try await access.device(context, atLeast: .viewer)))
    }
}

private struct DeviceState: Encodable {
    let device: Device

    enum CodingKeys: String, CodingKey {
        case status
        case deviceID = "device_id"
        case lastSeen = "last_seen"
        case batteryLevel = "battery_level"
        case wifiSignalStrength = "wifi_signal_strength"
        case firmwareVersion = "firmware_version"
        case uptime = "uptime_s"
    }

    init(_ device: Device) {
        self.device = device
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(device.id.text, forKey: .deviceID)
        try container.encode(device.status, forKey: .status)
        try container.encode(device.lastSeen, forKey: .lastSeen)
        try container.encode(device.batteryLevel, forKey: .batteryLevel)
        try container.encode(device.wifiSignalStrength, forKey: .wifiSignalStrength)
        try container.encode(device.profile.firmwareVersion, forKey: .firmwareVersion)
        try container.encode(device.uptime, forKey: .uptime)
    }
}
