import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// The end of organizations whose time has come, in two turns: first nobody acts in one any more, and once what was
/// under way has settled it is gone.
///
/// Whoever changes an organization locks its row of `core.entities` first; so does this, and passes over what is locked.
struct OrganizationEnd: Sendable {
    let database: PostgresClient
    let outbox: Outbox
    let removal: OrganizationRemoval

    /// Ends the memberships and grants of the organization that is due first, and revokes all of its credentials.
    ///
    /// - Returns: What is to be announced; nil when none is due.
    func revokeNext() async throws -> Revocation? {
        try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let due = try await transaction.query(
                """
                SELECT e.id FROM auth.organizations o
                JOIN core.entities e ON e.organization_id = o.id AND e.id = o.id
                WHERE o.deletes_at <= now() AND o.revoked_at IS NULL
                ORDER BY o.deletes_at LIMIT 1 FOR NO KEY UPDATE OF e SKIP LOCKED
                """)
            guard let id = try due.first?.decode(UUID.self) else { return nil }
            // It may have been restored before the lock was had.
            let marked = try await transaction.query(
                """
                UPDATE auth.organizations SET revoked_at = now()
                WHERE id = \(id) AND deletes_at <= now() AND revoked_at IS NULL
                """)
            guard marked.affectedRows == 1 else { return nil }
            try await transaction.batch([
                // Members leave their tokens and grants behind; guests have grants alone.
                "DELETE FROM auth.memberships WHERE organization_id = \(id)",
                "DELETE FROM auth.resource_grants WHERE organization_id = \(id)",
                "DELETE FROM auth.invitations WHERE organization_id = \(id)",
            ])
            return try await RevocationStore.insert(
                .organization(id), lasting: SessionTerms.longestLifetime, transaction)
        }
    }

    /// Deletes an organization whose credentials were revoked at least `settling` ago, and tells the others. What
    /// belonged to it goes bit by bit afterwards.
    ///
    /// - Returns: Whether there was one.
    func deleteNext(settling: Duration) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let settled = try await transaction.query(
                """
                SELECT e.id, e.version FROM auth.organizations o
                JOIN core.entities e ON e.organization_id = o.id AND e.id = o.id
                WHERE o.revoked_at <= \(Timestamp.now.adding(.zero - settling))
                ORDER BY o.revoked_at LIMIT 1 FOR UPDATE OF e SKIP LOCKED
                """)
            guard let (id, version) = try settled.first?.decode(UUID.self, Int.self) else { return false }
            let audit = AuditEntry(
                type: "organization.deleted", entityID: id, organizationID: id, actor: try Actor.system())
            try await transaction.batch([
                "DELETE FROM auth.organizations WHERE id = \(id)",
                Entity.delete(id, organization: id),
                audit.insert,
                removal.begin(id),
                outbox.append(try .organizationDeleted(id, version: version)),
            ])
            return true
        }
    }

    /// What this service holds of an organization; devices' entities are for the devices service to delete.
    static let parts: [OrganizationRemoval.Step] = [
        .rows(of: "auth.projects"),
        .rows(of: "auth.memberships"),
        .rows(of: "auth.api_tokens"),
        .rows(of: "auth.resource_grants"),
        .rows(of: "auth.invitations"),
        .rows(of: "auth.limits"),
        .rows(of: "core.relationships"),
        .rows(of: "core.entities", where: "entity_type NOT LIKE 'device.%'"),
        OrganizationRemoval.Step { organization, transaction in
            try await transaction.query(
                "UPDATE auth.sessions SET organization_id = NULL WHERE organization_id = \(organization)"
            ).affectedRows
        },
        // The log stays, and names nobody and nothing any more.
        OrganizationRemoval.Step { organization, transaction in
            let looked = try await transaction.query(
                """
                UPDATE auth.removals AS to_do SET log_time = part.last_time, log_id = part.last_id
                FROM auth.removals AS done CROSS JOIN LATERAL core.forget_history(
                    done.organization_id, done.log_time, done.log_id, \(OrganizationRemoval.batchSize)) AS part
                WHERE done.organization_id = \(organization) AND to_do.organization_id = done.organization_id
                """
            ).affectedRows
            if looked == 0 {
                // The next time it begins anew.
                try await transaction.query(
                    "UPDATE auth.removals SET log_time = NULL, log_id = NULL WHERE organization_id = \(organization)")
            }
            return looked
        },
    ]
}
