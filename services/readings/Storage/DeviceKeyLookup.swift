import FoundationEssentials
import Identity
import Postgres

/// Finds out which device holds a key: from the projection, else by asking the devices service once.
struct DeviceKeyLookup: Sendable {
    let devices: DeviceStore
    let owner: PeerClient

    /// - Throws: When neither could be asked.
    @Sendable func holder(of hash: SecretHash) async throws -> DevicePrincipal? {
        switch try await devices.key(hash) {
        case .valid(let device): return device
        case .revoked: return nil
        case nil: break
        }
        guard let answer = try await owner.get("/internal/v1/device-keys/\(hash.hex)", as: Answer.self) else {
            return nil
        }
        return DevicePrincipal(
            id: answer.deviceID, organizationID: answer.organizationID, keyHash: hash,
            expiresAt: answer.expiresAt.map(Date.init))
    }

    private struct Answer: Decodable {
        let deviceID: UUID
        let organizationID: UUID
        let expiresAt: Timestamp?

        enum CodingKeys: String, CodingKey {
            case deviceID = "device_id"
            case organizationID = "organization_id"
            case expiresAt = "expires_at"
        }
    }
}
