import Foundation

/// What `invitation.mustache` reads as `page`.
struct InvitationPage: Sendable {
    let token: String
    let organization: String
    let inviter: String
    let email: String
    let role: String
    let expires: String
    /// The page itself, as it stands in a query.
    let nextQuery: String
    /// Why it did not work.
    var message: String?

    init(_ invitation: Invitation, token: String) {
        self.token = token
        organization = invitation.organizationName
        inviter = invitation.inviterName ?? "Somebody"
        email = invitation.email
        role = invitation.role.rawValue
        expires = String(invitation.expiresAt.rfc3339.prefix(10))
        nextQuery = encoded("/invitations/\(token)") ?? ""
    }
}
