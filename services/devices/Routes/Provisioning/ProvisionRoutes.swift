import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// How boards come by their devices, and how far they are.
struct ProvisionRoutes: Sendable {
    let provisioning: BoardProvisioning
    let records: ProvisionRecordStore
    let access: DeviceAccess

    func add(to routes: inout RouteTable) {
        // The fleet key in the body is the credential.
        routes.post("/api/v1/devices/provision", .public, use: provision)
        routes.get(
            "/api/v1/devices/{id}/provision-status", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
    }

    @Sendable private func provision(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        let body = try await request.decodeCollected(as: ProvisionRequest.self, context: context)
        return try await provisioning.provision(
            try body.board(), with: body.provisioningKey, request, context
        ) { provision in
            JSON(
                ProvisionedDevice(provision), status: provision.isNew ? .created : .ok,
                headers: [.cacheControl: "no-store"])
        }
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ProvisionRecord> {
        JSON(try await records.find(try await access.device(context, atLeast: .viewer)))
    }
}

/// What a board is answered: its device's key, this once.
private struct ProvisionedDevice: Encodable {
    let deviceID: String
    let apiKey: String
    let config: [String: AnyJSON]
    let configVersion: Int

    enum CodingKeys: String, CodingKey {
        case config
        case deviceID = "device_id"
        case apiKey = "api_key"
        case configVersion = "config_version"
    }

    init(_ provision: ProvisionStore.Provision) {
        deviceID = provision.deviceID.text
        apiKey = provision.key.secret
        config = provision.config
        configVersion = provision.configVersion
    }
}
