import Foundation
import Postgres

/// Why a session ends before its time, as the audit log calls it.
enum SessionEnd: String, Sendable {
    case signedOut = "user.signed_out"
    /// By its user, in another session, or with the password.
    case revoked = "user.session_revoked"
    /// A refresh token of it was used twice.
    case tokenReused = "user.refresh_token_reused"

    /// As the logs of organizations call it.
    var word: String { String(rawValue.trimmingPrefix("user.")) }

    /// Who ends a session of a user.
    func actor(_ user: UUID) throws -> JSONB {
        self == .tokenReused ? try Actor.system() : try Actor.user(user)
    }
}
