import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Outbound
import Postgres

/// Gives boards their devices for a fleet key, in whichever words they ask and are answered.
struct BoardProvisioning: Sendable {
    let keys: ProvisioningKeyStore
    let provisions: ProvisionStore
    let idempotency: Idempotency
    let announcer: Announcer

    /// - Parameters:
    ///   - secret: The fleet key.
    ///   - id: That of the fleet key, where the board must know it, too.
    ///   - request: With its body collected.
    /// - Throws: ``ProvisioningError/refused``, ``DeviceError``.
    func provision(
        _ board: BoardIdentity, with secret: String, of id: UUID? = nil, _ request: Request,
        _ context: AppRequestContext,
        answer: @escaping @Sendable (ProvisionStore.Provision) -> JSON<some Encodable & SendableMetatype>
    ) async throws -> Response {
        let address = request.clientAddress(in: context).flatMap { IPAddress($0) }
        guard let hash = SecretToken(secret, kind: .provisioningKey)?.hash, let key = try await keys.find(hash),
            id == nil || id == key.id
        else { throw ProvisioningError.refused }
        do {
            return try await provision(board, with: key, from: address, request, context, answer)
        } catch DeviceError.serialNumberTaken {
            // Meanwhile it came with another key, or somebody registered it: now it has a device.
            return try await provision(board, with: key, from: address, request, context, answer)
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
        _ context: AppRequestContext,
        _ answer: @escaping @Sendable (ProvisionStore.Provision) -> JSON<some Encodable & SendableMetatype>
    ) async throws -> Response {
        // An answer that is kept for a repeated request is nobody's whom the key does not admit.
        guard key.admits(address, at: .now) else { throw ProvisioningError.refused }
        let response = try await idempotency.create(
            request, context, as: .organization(key.organizationID), of: "\(key.id.text) \(board.serialNumber)"
        ) { transaction in
            answer(
                try await provisions.provision(
                    board, with: key.id, of: key.organizationID, from: address, traceparent: context.trace.traceparent,
                    transaction))
        }
        announcer.committed()
        return response
    }
}
