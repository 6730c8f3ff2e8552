import FoundationEssentials
import Identity
import Kernel
import LocalStack
import Postgres

/// An account that is to administer the platform, or is not to any more.
///
/// Superusers make each other by auth's API; this is for the first one, and for when there is none left.
struct SuperuserAccount: Sendable {
    enum Change: Sendable {
        /// Nobody signs in with this address.
        case unknown
        case unchanged
        /// To be announced.
        case changed(Revocation)
    }

    /// Longer than anything lives that auth issues (30 days).
    private static let longestLifetime = Duration.seconds(60 * 86_400)

    let email: String
    let installation: Installation

    /// - Throws: `PostgresError`, `LocalStackError`.
    func set(isSuperuser: Bool) async throws -> Change {
        try await installation.withClient(as: .auth) { client in
            try await client.withTransaction(as: .platform) { transaction in
                try await set(isSuperuser: isSuperuser, transaction)
            }
        }
    }

    private func set(isSuperuser: Bool, _ transaction: Transaction) async throws -> Change {
        let accounts = try await transaction.query(
            "SELECT id, is_superuser FROM auth.users WHERE email = \(email.lowercased()) FOR UPDATE")
        guard let (id, wasSuperuser) = try accounts.first?.decode(UUID.self, Bool.self) else { return .unknown }
        guard isSuperuser != wasSuperuser else { return .unchanged }
        let audit = AuditEntry(
            type: "user.access_changed", entityID: id, organizationID: nil, actor: try JSONB(["type": "operator"]),
            data: try JSONB(["before": ["is_superuser": wasSuperuser], "after": ["is_superuser": isSuperuser]]))
        let rows = try await transaction.batch([
            """
            UPDATE auth.users SET is_superuser = \(isSuperuser), version = version + 1, last_updated = now()
            WHERE id = \(id)
            """,
            audit.insert,
            // Ids are to become visible in their order: see the table's migration.
            "SELECT pg_advisory_xact_lock(hashtextextended('auth.revocations', 0))",
            // What auth issues is dated by the same clock.
            "SELECT clock_timestamp()",
        ])
        guard let now = try rows.last?.first?.decode(Timestamp.self) else { throw DecodingFailure.noSuchColumn(0) }
        let end = now.adding(Self.longestLifetime)
        let revocation = Revocation(.user(id), at: now.microseconds, until: end.microseconds)
        try await transaction.query(
            """
            INSERT INTO auth.revocations (revocation, expires_at) VALUES (\(try JSONB(revocation)), \(end))
            """)
        return .changed(revocation)
    }
}
