import Foundation
import Identity
import Kernel
import Postgres

/// Accounts that are to be deleted.
struct AccountDeletionStore: Sendable {
    let database: PostgresClient

    /// Marks an account; one that is marked stays as it is.
    ///
    /// - Returns: When it is deleted.
    /// - Throws: ``AccountDeletion/Refusal/lastOwner(_:)``, ``AccountDeletion/Refusal/lastSuperuser``.
    func mark(_ user: UUID, endingAt end: Timestamp) async throws -> Timestamp {
        try await database.withTransaction(as: .platform) { transaction in
            let superusers = try await transaction.query(UserLock.superusers(with: user)).map {
                try $0.decode(UUID.self)
            }
            guard superusers != [user] else { throw AccountDeletion.Refusal.lastSuperuser }
            let orphans = try await transaction.query(
                """
                SELECT e.name FROM auth.memberships m JOIN core.entities e ON e.id = m.organization_id
                WHERE m.user_id = \(user) AND m.role = \(Role.owner.rawValue)
                    AND EXISTS (SELECT FROM auth.memberships o
                                WHERE o.organization_id = m.organization_id AND o.user_id <> m.user_id)
                    AND NOT EXISTS (SELECT FROM auth.memberships o
                                    WHERE o.organization_id = m.organization_id AND o.user_id <> m.user_id
                                        AND o.role = m.role)
                ORDER BY e.name
                """)
            guard orphans.isEmpty else {
                throw AccountDeletion.Refusal.lastOwner(try orphans.map { try $0.decode(String.self) })
            }
            let marked = try await transaction.query(
                """
                UPDATE auth.users SET deletes_at = \(end) WHERE id = \(user) AND deletes_at IS NULL RETURNING deletes_at
                """)
            if !marked.isEmpty {
                try await transaction.query(
                    try Self.audit("user.deletion_requested", user, ["deletes_at": end.rfc3339]))
            }
            let rows = try await transaction.query("SELECT deletes_at FROM auth.users WHERE id = \(user)")
            guard let row = rows.first else { throw DecodingFailure.noSuchColumn(0) }
            return try row.decode(at: 0)
        }
    }

    /// False when there is nothing to restore, or the time has come.
    func restore(_ user: UUID) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.query(
                """
                UPDATE auth.users SET deletes_at = NULL WHERE id = \(user) AND deletes_at > now() RETURNING id
                """)
            guard !rows.isEmpty else { return false }
            try await transaction.query(try Self.audit("user.restored", user, [:]))
            return true
        }
    }

    private static func audit(_ type: String, _ user: UUID, _ data: [String: String]) throws -> SQL {
        AuditEntry(
            type: type, entityID: user, organizationID: nil, actor: try Actor.user(user), data: try JSONB(data)
        ).insert
    }
}
