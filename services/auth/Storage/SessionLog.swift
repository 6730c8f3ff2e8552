import Foundation
import Kernel
import Postgres

/// What the audit log of an organization keeps of the sessions in it: whose one was opened there or came there, and when
/// it ended or went elsewhere. Where its user was is told to the user alone, by ``SignInLog``, and so is what happens to a
/// session outside of the organization.
enum SessionLog {
    /// - Parameter organization: Where it begins; nil for nowhere, of which nobody is told.
    static func opened(_ session: UUID, kind: String, of user: UUID, in organization: UUID?) throws -> [SQL] {
        guard let organization else { return [] }
        let audit = AuditEntry(
            type: "session.opened", entityID: user, organizationID: organization, actor: try Actor.user(user),
            data: try JSONB(["session_id": session.text, "kind": kind]))
        return [audit.insert]
    }

    /// - Parameter organization: The active one at the end.
    static func ended(
        _ session: UUID, because cause: SessionEnd, of user: UUID, in organization: UUID?
    ) throws -> [SQL] {
        guard let organization else { return [] }
        let audit = AuditEntry(
            type: "session.ended", entityID: user, organizationID: organization, actor: try cause.actor(user),
            data: try JSONB(["session_id": session.text, "cause": cause.word]))
        return [audit.insert]
    }

    /// Parts of a statement whose part `kept` updates a session and returns its `id` and `organization_id`: if that is
    /// another one than before, both organizations are told, neither of the other.
    static var moved: SQL {
        """
        moved AS (
            -- All parts of a statement see what was there before it.
            SELECT s.id, s.user_id, s.kind, s.organization_id AS origin, k.organization_id AS destination
            FROM kept k JOIN auth.sessions s ON s.id = k.id
            WHERE s.organization_id IS DISTINCT FROM k.organization_id
        ), told AS (
            INSERT INTO core.events (id, timestamp, organization_id, entity_id, event_type, data, actor)
            SELECT \(UUID.v7()), now(), origin, user_id, 'session.ended',
                jsonb_build_object('session_id', id, 'cause', 'moved'), jsonb_build_object('type', 'user', 'id', user_id)
            FROM moved WHERE origin IS NOT NULL
            UNION ALL
            SELECT \(UUID.v7()), now(), destination, user_id, 'session.opened',
                jsonb_build_object('session_id', id, 'kind', kind), jsonb_build_object('type', 'user', 'id', user_id)
            FROM moved WHERE destination IS NOT NULL
        )
        """
    }
}
