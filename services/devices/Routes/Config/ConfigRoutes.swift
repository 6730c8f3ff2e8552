import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// The configuration of a device; `If-None-Match` with the version that it has costs the device no body.
struct ConfigRoutes: Sendable {
    let configs: ConfigStore
    let descriptions: ConfigDescriptionStore
    let access: DeviceAccess
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        let read = Access.user(atLeast: .viewer, orGrant: true)
        let manage = Access.user(atLeast: .admin, orGrant: true)
        routes.get("/api/v1/devices/{id}/config", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/devices/{id}/config", manage, use: replace)
        routes.put("/api/v1/devices/{id}/config/reported", .device, use: report)
        routes.get("/api/v1/devices/{id}/config/versions", read, use: versions)
        routes.get("/api/v1/devices/{id}/config/versions/{version}", read, use: version)
        routes.post("/api/v1/devices/{id}/config/rollback", manage, use: rollBack)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<DeviceConfig> {
        let device = try await access.device(context, atLeast: .viewer)
        let config = try await configs.find(device.id, in: device.organizationID)
        // What a device says of itself is not told to it again.
        guard context.principal?.device == nil else { return JSON(config.desired, version: config.version) }
        return JSON(config, version: config.version, isCallersView: true)
    }

    // MARK: What it is to be

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceConfig> {
        let device = try await access.device(context, atLeast: .admin)
        let body = try await request.decode(as: NewConfig.self, context: context)
        return try await replace(of: device, with: body.config, request, context)
    }

    /// Gives a device the settings of an earlier version, as a new version.
    @Sendable private func rollBack(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceConfig> {
        let device = try await access.device(context, atLeast: .admin)
        let wanted = try await request.decode(as: WantedVersion.self, context: context).version
        do {
            let earlier = try await configs.version(wanted, of: device.id, in: device.organizationID)
            return try await replace(of: device, with: earlier.settings, request, context)
        } catch DeviceError.notFound {
            throw Problem.invalid("version", "is none of those that are kept")
        }
    }

    private func replace(
        of device: Device, with settings: [String: AnyJSON], _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceConfig> {
        try await descriptions.check(settings, for: device)
        let config = try await configs.replace(
            device.id, in: device.organizationID, with: settings, ifMatch: request.versionsToMatch, context.cause)
        await announcer.configured(device.id)
        return JSON(config, version: config.version, isCallersView: true)
    }

    // MARK: What it was, and is

    @Sendable private func versions(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<ConfigVersion> {
        let device = try await access.device(context, atLeast: .viewer)
        let page = try request.query().page(of: Int.self, maximum: ConfigStore.versionsKept)
        let versions = try await configs.versions(of: device.id, in: device.organizationID, page)
        return try page.page(versions, key: \.version)
    }

    @Sendable private func version(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ConfigVersion> {
        let device = try await access.device(context, atLeast: .viewer)
        guard let version = Int(try context.parameter("version")) else { throw Problem.notFound() }
        return JSON(try await configs.version(version, of: device.id, in: device.organizationID))
    }

    @Sendable private func report(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<DeviceConfig> {
        let id = try DeviceAccess.ownID(context)
        let body = try await request.decode(as: ReportedConfig.self, context: context)
        try validate { errors in
            errors.json(.object(body.config), "config")
            errors.require(body.version.map { $0 >= 1 } ?? true, "version", "must be at least 1")
        }
        return JSON(
            try await configs.report(body.config, version: body.version, by: id, in: try context.organizationID))
    }
}

extension ConfigDescriptionStore {
    /// - Throws: 422 where `settings` are none for a device of that type.
    func check(_ settings: [String: AnyJSON], for device: Device) async throws {
        let described = try await find(device.profile.deviceType, in: device.organizationID)
        // What is too large is not looked through.
        try validate { $0.json(.object(settings), "config") }
        try validate { described?.check(settings, at: "config", &$0) }
    }
}

private struct NewConfig: Decodable {
    let config: [String: AnyJSON]
}

private struct WantedVersion: Decodable {
    let version: Int
}

private struct ReportedConfig: Decodable {
    let config: [String: AnyJSON]
    let version: Int?
}
