import Foundation
import Identity
import Postgres

/// Browsers that have been sent to a provider.
struct LoginFlowStore: Sendable {
    let database: PostgresClient
    let sealer: Sealer

    func insert(_ flow: LoginFlow) async throws {
        let state = flow.state.hash
        let verifier = try sealer.seal(Array(flow.proofKey.verifier.utf8), context: Self.context(of: state))
        _ = try await database.query(
            """
            INSERT INTO auth.oidc_logins
                (state_hash, browser_hash, provider, nonce, sealed_verifier, next, user_id, expires_at)
            VALUES (\(state.bytes), \(flow.browser.hash.bytes), \(flow.provider), \(flow.nonce), \(verifier),
                \(flow.next.path), \(flow.userID), \(Timestamp.now.adding(LoginFlow.lifetime)))
            """, as: .platform)
    }

    /// Takes a flow out, so that it is used once; nil where there is none that holds, or it is another browser's, or
    /// another provider's.
    func take(_ state: SecretHash, browser: SecretHash, provider: String) async throws -> PendingLogin? {
        let rows = try await database.query(
            """
            DELETE FROM auth.oidc_logins
            WHERE state_hash = \(state.bytes) AND browser_hash = \(browser.bytes) AND provider = \(provider)
                AND expires_at > now()
            RETURNING nonce, sealed_verifier, next, user_id
            """, as: .platform)
        return try rows.first.map { row in
            let (nonce, sealed, next, userID) = try row.decode(
                String.self, [UInt8].self, String.self, UUID?.self)
            let verifier = try sealer.open(sealed, context: Self.context(of: state))
            return PendingLogin(
                nonce: nonce, proofKey: ProofKey(verifier: String(decoding: verifier, as: UTF8.self)),
                next: ReturnPath(next), userID: userID)
        }
    }

    private static func context(of state: SecretHash) -> String { "auth.oidc_logins \(state.hex)" }
}
