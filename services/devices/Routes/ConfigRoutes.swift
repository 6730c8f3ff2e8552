import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// The configuration of a device; `If-None-Match` with the version that it has costs the device no body.
struct ConfigRoutes: Sendable {
    let configs: ConfigStore
    let access: DeviceAccess

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/config", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/devices/{id}/config", .user(atLeast: .admin, orGrant: true), use: replace)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<DeviceConfig> {
        let device = try await access.device(context, atLeast: .viewer)
        let config = try await configs.find(device.id, in: device.organizationID)
        return JSON(config, version: config.version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceConfig> {
        let device = try await access.device(context, atLeast: .admin)
        let body = try await request.decode(as: NewConfig.self, context: context)
        try validate { $0.json(.object(body.config), "config") }
        let config = try await configs.replace(
            device.id, in: device.organizationID, with: body.config, ifMatch: request.versionsToMatch, context.cause)
        return JSON(config, version: config.version)
    }
}

private struct NewConfig: Decodable {
    let config: [String: AnyJSON]
}
