import Foundation
import Identity
import Postgres

/// A person who can sign in.
struct User: Sendable, Hashable {
    let id: UUID
    let email: String
    /// Whether a letter to the address has been answered.
    let isEmailVerified: Bool
    let name: String
    let isActive: Bool
    let isSuperuser: Bool
    /// When the account is deleted for good; nil unless its user has asked for that.
    let deletesAt: Timestamp?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}

/// A user's place in an organization.
struct Membership: Sendable, Hashable {
    let organizationID: UUID
    let role: Role
}

/// A session that holds, and whom it is for: what tokens are made from.
struct ActiveSession: Sendable, Hashable {
    let id: UUID
    let user: User
    /// In the active organization; nil for a user who belongs to none, or has only grants there.
    let membership: Membership?
    let standing: Standing
    /// When all of this was so, by the database's clock: what has changed since voids what is issued as of then.
    let asOf: Timestamp
}
