import Foundation
import Identity
import Kernel
import Postgres

/// A personal access token about to be stored.
struct NewAccessToken: Sendable {
    let id = UUID.v7()
    /// Shown once.
    let token = SecretToken(.personalAccess)
    let userID: UUID
    /// Where it acts for its user.
    let organizationID: UUID
    let terms: AccessTokenTerms
}

/// What a personal access token is called, may do, and how long it holds.
struct AccessTokenTerms: Sendable, Hashable {
    let name: DisplayName
    let scopes: Set<TokenScope>
    /// Nil for a token without an end.
    let expiresAt: Timestamp?
}

/// A personal access token as its user sees it.
struct AccessTokenRecord: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let name: String
    let scopes: Set<TokenScope>
    let createdAt: Timestamp
    /// To the minute; nil for one that was never used.
    let lastUsedAt: Timestamp?
    let expiresAt: Timestamp?
}
