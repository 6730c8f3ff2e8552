import Identity

/// The addresses of pages, as letters hold them.
struct Links: Sendable {
    /// Of the gateway, without a slash at its end; never taken from a request, which a stranger may have made.
    let base: String

    func verification(_ token: SecretToken) -> String { "\(base)/auth/verify-email?token=\(token.secret)" }

    func passwordReset(_ token: SecretToken) -> String { "\(base)/auth/reset-password?token=\(token.secret)" }

    func invitation(_ token: SecretToken) -> String { "\(base)/invitations/\(token.secret)" }
}

extension SecretToken.Kind {
    /// `lms_ver_…`: proves that its holder reads mail to an address.
    static let emailVerification = SecretToken.Kind(prefix: "lms_ver_")
    /// `lms_pwd_…`: sets a new password, once.
    static let passwordReset = SecretToken.Kind(prefix: "lms_pwd_")
    /// `lms_inv_…`: answers an invitation.
    static let invitation = SecretToken.Kind(prefix: "lms_inv_")
}
