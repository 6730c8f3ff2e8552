import EventBus
import Foundation
import Kernel
import Postgres

/// What the audit log and other services are told of invitations.
struct InvitationLedger: Sendable {
    let outbox: Outbox

    /// - Parameter user: Nil for who has only the letter.
    func audit(_ type: String, _ invitation: Invitation, by user: UUID?) throws -> SQL {
        AuditEntry(
            type: type, entityID: invitation.organizationID, organizationID: invitation.organizationID,
            actor: try user.map(Actor.user) ?? JSONB(["type": "invited"]),
            data: try JSONB([
                "invitation_id": invitation.id.text, "email": invitation.email, "role": invitation.role.rawValue,
            ])
        ).insert
    }

    /// - Parameter version: The membership's.
    func accepted(_ invitation: Invitation, by member: User, version: Int) throws -> [SQL] {
        let joined = AuditEntry(
            type: "member.added", entityID: member.id, organizationID: invitation.organizationID,
            actor: try Actor.user(member.id),
            data: try JSONB(["role": invitation.role.rawValue, "invitation_id": invitation.id.text]))
        return [
            try audit("invitation.accepted", invitation, by: member.id), joined.insert,
            outbox.append(
                try .memberAdded(
                    PersonState(member), to: invitation.organizationID, role: invitation.role, version: version)),
        ]
    }
}
