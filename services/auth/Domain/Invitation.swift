import Foundation
import Identity
import Postgres

/// An invitation that waits for an answer.
struct Invitation: Sendable, Hashable {
    static let lifetime = Duration.seconds(14 * 86_400)
    /// How many may wait in one organization.
    static let maximumPending = 200

    let id: UUID
    let organizationID: UUID
    let organizationName: String
    /// Whoever reads mail to it is invited, with or without an account.
    let email: String
    let role: Role
    /// Nil once the inviter's account is gone.
    let inviterName: String?
    let createdAt: Timestamp
    let sentAt: Timestamp
    let expiresAt: Timestamp
}

/// Which invitation is answered.
enum InvitationReference: Sendable, Hashable {
    /// By the letter, whoever has it.
    case token(SecretHash)
    /// By who has verified the address that it is for.
    case id(UUID)

    init?(_ text: String) {
        if let token = SecretToken(text, kind: .invitation) {
            self = .token(token.hash)
        } else if let id = UUID(uuidString: text) {
            self = .id(id)
        } else {
            return nil
        }
    }
}

/// Why somebody cannot be invited, or become a member.
enum InvitationError: Error, Hashable {
    /// There is none such that holds, or it is for somebody else.
    case notFound
    case isMember
    case isInvited
    case tooMany
    /// The plan allows no more members.
    case limitReached(plan: String, limit: Int)
}
