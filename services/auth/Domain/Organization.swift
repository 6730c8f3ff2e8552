import Foundation
import Identity
import Postgres

/// An organization as one of its members sees it.
struct Organization: Sendable, Hashable {
    let id: UUID
    let name: String
    /// The member's.
    let role: Role
    /// When it is deleted for good; nil unless an owner has asked for that.
    let deletesAt: Timestamp?
    /// Whether nobody acts in it without a second factor.
    let requiresTwoFactor: Bool
    /// Whether the member has none where one is required.
    let isSuspended: Bool
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}

/// A member of an organization.
struct Member: Sendable, Hashable {
    let userID: UUID
    let organizationID: UUID
    let name: String
    let email: String
    let role: Role
    /// Whether the member has no second factor where one is required, and so cannot act.
    let isSuspended: Bool
    /// Counts up with every change, also from one membership to the next.
    let version: Int
    let joinedAt: Timestamp
}

/// Why something cannot be done with an organization or its members.
enum OrganizationError: Error, Hashable {
    /// There is none with that id that the caller belongs to, or no such member.
    case notFound
    /// The caller's role is too small.
    case forbidden
    /// The caller's version is not the current one.
    case stale
    /// Nobody would own the organization any more.
    case lastOwner
    /// The caller has no second factor, without which nobody acts in the organization or may demand one.
    case secondFactorRequired
    /// The name given to confirm the deletion is another one.
    case nameMismatch
    case notBeingDeleted
    /// Ownership cannot go to who is no member, or has it.
    case noSuccessor
}

/// How an organization is deleted.
struct DeletionTerms: Sendable {
    /// How long it can be restored.
    var grace = Duration.seconds(7 * 86_400)
    /// How long requests and readings that were under way when the credentials ended are waited for.
    var settling = Duration.seconds(60)
    /// How often is looked for what is due.
    var interval = Duration.seconds(10)
}
