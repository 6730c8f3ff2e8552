import Foundation
import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// The keys of devices: a new one for a device, and who holds one for the other services.
struct KeyRoutes: Sendable {
    private static let maximumOverlap = 604_800

    let keys: DeviceKeyStore
    let holders: BatchedLookup<SecretHash, DeviceKey>
    let revocations: KeyRevocationStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/devices/{id}/rotate-key", .user(atLeast: .admin, orGrant: true), use: rotate)
        routes.get("/internal/v1/device-keys/{hash}", .internalService, use: holder)
        routes.get("/internal/v1/revocations", .internalService, RouteOptions(body: .none)) { request, _ in
            let after = try request.query().value("after", as: Int.self) ?? 0
            return JSON(try await revocations.page(after: after))
        }
    }

    @Sendable private func rotate(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await access.device(context, atLeast: .admin)
        var request = request
        let overlap = try await request.decodeIfPresent(as: Rotation.self, context: context)?.overlap
        try validate { $0.range(of: overlap, 0...Self.maximumOverlap, "overlap_s") }
        let response = try await idempotency.create(
            request, context, as: .organization(device.organizationID)
        ) { transaction in
            let issue = try await keys.rotate(
                device.id, in: device.organizationID,
                overlap: overlap.map { .seconds($0) } ?? KeyRotation.defaultOverlap, context.cause, transaction)
            return JSON(IssuedKey(issue), headers: [.cacheControl: "no-store"])
        }
        announcer.committed()
        return response
    }

    @Sendable private func holder(_ request: Request, _ context: AppRequestContext) async throws -> JSON<KeyHolder> {
        guard let hash = SecretHash(hex: try context.parameter("hash")), let key = try await holders.value(for: hash)
        else {
            throw Problem.notFound()
        }
        return JSON(KeyHolder(key))
    }
}

extension BatchedLookup<SecretHash, DeviceKey> {
    /// Who holds which key, for a second: so long at most is a revoked key still taken, with or without Redis.
    var cache: CredentialCache<DevicePrincipal> {
        var lifetimes = CredentialCache<DevicePrincipal>.Lifetimes()
        lifetimes.fresh = 1
        lifetimes.absent = 1
        return CredentialCache(lifetimes: lifetimes) { try await self.value(for: $0)?.principal }
    }
}

extension DeviceKey {
    /// The device as the caller of a request that showed this key.
    var principal: DevicePrincipal {
        DevicePrincipal(
            id: deviceID, organizationID: organizationID, keyHash: hash,
            expiresAt: expiresAt.map { Date(timeIntervalSince1970: Double($0.microseconds) / 1_000_000) })
    }
}

private struct Rotation: Decodable {
    let overlap: Int?

    enum CodingKeys: String, CodingKey {
        case overlap = "overlap_s"
    }
}

private struct IssuedKey: Encodable {
    let apiKey: String
    let previousKeyExpiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case apiKey = "api_key"
        case previousKeyExpiresAt = "previous_key_expires_at"
    }

    init(_ issue: DeviceKeyStore.Issue) {
        apiKey = issue.key.secret
        previousKeyExpiresAt = issue.rotation.overlapping?.expiresAt
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(apiKey, forKey: .apiKey)
        try container.encode(previousKeyExpiresAt, forKey: .previousKeyExpiresAt)
    }
}

private struct KeyHolder: Encodable {
    let deviceID: String
    let organizationID: String
    let expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case expiresAt = "expires_at"
    }

    init(_ key: DeviceKey) {
        deviceID = key.deviceID.text
        organizationID = key.organizationID.text
        expiresAt = key.expiresAt
    }
}
