import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Outbound
import Postgres

/// How boards come by their devices, and how far they are.
struct ProvisionRoutes: Sendable {
    let keys: ProvisioningKeyStore
    let provisions: ProvisionStore
    let records: ProvisionRecordStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        // The fleet key in the body is the credential.
        routes.post("/api/v1/devices/provision", .public, use: provision)
        routes.get(
            "/api/v1/devices/{id}/provision-status", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
    }

    @Sendable private func provision(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        let body = try await request.decodeCollected(as: ProvisionRequest.self, context: context)
        let board = try body.board()
        let address = request.clientAddress(in: context).flatMap { IPAddress($0) }
        guard let hash = SecretToken(body.provisioningKey, kind: .provisioningKey)?.hash,
            let key = try await keys.find(hash)
        else { throw ProvisioningError.refused }
        do {
            return try await provision(board, with: key, from: address, request, context)
        } catch DeviceError.serialNumberTaken {
            // Meanwhile it came with another key, or somebody registered it: now it has a device.
            return try await provision(board, with: key, from: address, request, context)
        } catch let refusal as ProvisioningError {
            // The board is not told why; who looks for the reason finds the key's bounds and uses in the list of keys.
            context.logger.notice(
                "a board was refused",
                metadata: [
                    "provisioning_key": "\(key.id.text)", "org": "\(key.organizationID.text)",
                    "address": "\(address?.description ?? "unknown")",
                ])
            throw refusal
        }
    }

    private func provision(
        _ board: BoardIdentity, with key: ProvisioningKey, from address: IPAddress?, _ request: Request,
        _ context: AppRequestContext
    ) async throws -> Response {
        // An answer that is kept for a repeated request is nobody's whom the key does not admit.
        guard key.admits(address, at: .now) else { throw ProvisioningError.refused }
        let response = try await idempotency.create(
            request, context, as: .organization(key.organizationID), of: "\(key.id.text) \(board.serialNumber)"
        ) { transaction in
            let provision = try await provisions.provision(
                board, with: key.id, of: key.organizationID, from: address, traceparent: context.trace.traceparent,
                transaction)
            return JSON(
                ProvisionedDevice(provision), status: provision.isNew ? .created : .ok,
                headers: [.cacheControl: "no-store"])
        }
        announcer.committed()
        return response
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
