import Foundation
import Identity

/// A browser that is being sent to a provider.
struct LoginFlow: Sendable {
    static let lifetime = Duration.seconds(600)

    /// What the provider hands back with the browser.
    let state = SecretToken(.login)
    /// What only the browser knows, by a cookie: nobody else's code is put into it.
    let browser = SecretToken(.login)
    /// What the provider puts into the ID token.
    let nonce = SecretToken(.login).secret
    let proofKey = ProofKey()
    let provider: String
    let next: ReturnPath
    /// Who is signed in already, and adds an identity.
    let userID: UUID?
}

/// What is kept of a ``LoginFlow`` until the browser is back.
struct PendingLogin: Sendable, Hashable {
    let nonce: String
    let proofKey: ProofKey
    let next: ReturnPath
    let userID: UUID?
}

extension SecretToken.Kind {
    /// `lms_oid_…`: of a sign-in by way of a provider, which is over in minutes.
    static let login = SecretToken.Kind(prefix: "lms_oid_")
}
