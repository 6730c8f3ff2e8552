import HTTPKit
import Identity
import Kernel

/// The invitations of an organization that wait, and the form for another one.
struct InvitationSection: Sendable {
    struct Item: Sendable {
        let path: String
        let email: String
        let role: String
        let invitedBy: String?
        let sent: Moment
        let expires: Moment
        let isExpired: Bool
    }

    let items: [Item]
    let hasItems: Bool
    /// Where there are more than are shown.
    let pager: Pager?
    let message: String?
    let email: Field
    let roles: [MemberSection.RoleChoice]

    /// - Parameter path: The organization's.
    init(_ invitations: ListPart<Invitation>, by role: Role, _ form: FormState, path: String) {
        items = invitations.items.map { Item($0, path: path) }
        hasItems = !items.isEmpty
        pager = Pager(
            "Invitations", of: path, cursor: "invitations", next: invitations.next, isFirst: invitations.isFirst,
            anchor: "invitations")
        message = form.message
        email = form.field("email", called: "The address")
        let chosen = form.field("role", called: "The role", Role.member.rawValue).value
        roles = Role.allCases.filter { (try? MembershipRules.check(role, invitesAs: $0)) != nil }
            .map { MemberSection.RoleChoice(role: $0.rawValue, isChosen: $0.rawValue == chosen) }
    }
}

extension InvitationSection.Item {
    fileprivate init(_ invitation: Invitation, path: String) {
        self.path = "\(path)/invitations/\(invitation.id.text)"
        email = invitation.email
        role = invitation.role.rawValue
        invitedBy = invitation.inviterName
        sent = Moment(invitation.sentAt)
        expires = Moment(invitation.expiresAt)
        isExpired = invitation.expiresAt <= .now
    }
}
