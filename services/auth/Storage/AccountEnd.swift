import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// The end of accounts whose time has come, in two turns: first nobody signs in with one any more, and once what was
/// under way has settled it is gone, with all that is known of the person.
struct AccountEnd: Sendable {
    let database: PostgresClient
    let outbox: Outbox
    let organizations: OrganizationStore
    let members: Members

    /// Closes the account that is due first, and voids its credentials.
    ///
    /// - Returns: What is to be announced; nil when none is due.
    func closeNext() async throws -> Revocation? {
        try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let rows = try await transaction.query(
                """
                UPDATE auth.users u
                SET is_active = false, ended_at = now(), version = version + 1, last_updated = now()
                WHERE id = (SELECT id FROM auth.users WHERE deletes_at <= now() AND ended_at IS NULL
                            ORDER BY deletes_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
                RETURNING \(UserStore.columns)
                """)
            guard let user = try rows.first.map(User.init) else { return nil }
            let audit = AuditEntry(
                type: "user.closed", entityID: user.id, organizationID: nil, actor: try Actor.system())
            try await transaction.batch([audit.insert, outbox.append(.userAccess(user, by: user.id))])
            return try await RevocationStore.insert(
                .user(user.id), lasting: SessionTerms.longestLifetime, transaction)
        }
    }

    /// Deletes an account that was closed at least `settling` ago: its memberships one by one, then the rest.
    ///
    /// - Returns: What is to be announced; nil when there was none.
    func deleteNext(settling: Duration) async throws -> [Revocation]? {
        try await database.withTransaction(as: .platform) { transaction -> [Revocation]? in
            let rows = try await transaction.query(
                """
                SELECT \(UserStore.columns) FROM auth.users u WHERE ended_at <= \(Timestamp.now.adding(.zero - settling))
                ORDER BY ended_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                """)
            guard let user = try rows.first.map(User.init) else { return nil }
            var revocations: [Revocation] = []
            for organization in try await members.store.organizations(of: user.id, transaction) {
                if let revocation = try await leave(organization, user.id, transaction) {
                    revocations.append(revocation)
                }
            }
            let audit = AuditEntry(
                type: "user.deleted", entityID: user.id, organizationID: nil, actor: try Actor.system())
            try await transaction.batch([
                // All that hangs on it goes with it.
                "DELETE FROM auth.users WHERE id = \(user.id)",
                Entity.delete(user.id, organization: nil),
                // Whoever administers an organization sees to which addresses it has sent invitations.
                "DELETE FROM auth.invitations WHERE email = \(user.email)",
                Self.forget(user),
                audit.insert,
                outbox.append(.userDeleted(user)),
            ])
            return revocations
        }
    }

    /// Takes the person out of the log, by the address and those that it took the place of, but for what somebody else
    /// has by now.
    private static func forget(_ user: User) -> SQL {
        """
        SELECT core.forget_person(\(user.id), a.address)
        FROM (SELECT \(user.email)
              UNION SELECT data ->> 'before' FROM core.events
              WHERE organization_id IS NULL AND entity_id = \(user.id) AND event_type = 'user.email_changed'
                AND data ->> 'before' IS NOT NULL) AS a (address)
        WHERE NOT EXISTS (SELECT FROM auth.users u WHERE u.email = a.address AND u.id <> \(user.id))
        """
    }

    /// Ends a membership. An organization that nobody else belongs to ends with it, and has no name any more; one that would be without an owner,
    /// since the others have gone in the meantime, is owned by the member who comes next.
    private func leave(
        _ organization: UUID, _ user: UUID, _ transaction: Transaction
    ) async throws -> Revocation? {
        guard try await organizations.lock(organization, of: user, transaction) != nil else { return nil }
        let (member, owners) = try await members.store.find(user, in: organization, transaction)
        guard let member else { return nil }
        if member.role == .owner, owners == 1 {
            if let successor = try await members.store.successor(of: member, transaction) {
                let owner = try await members.store.setRole(.owner, of: successor, transaction)
                try await transaction.batch(members.ledger.roleChanged(successor, owner, by: user))
            } else {
                try await transaction.batch(OrganizationStore.setEndOfPersonal(organization))
            }
        }
        return try await members.end(member, by: user, transaction)
    }
}
