/// Why a session ends before its time, as the audit log calls it.
enum SessionEnd: String, Sendable {
    case signedOut = "user.signed_out"
    /// By its user, in another session, or with the password.
    case revoked = "user.session_revoked"
    /// A refresh token of it was used twice.
    case tokenReused = "user.refresh_token_reused"
}
