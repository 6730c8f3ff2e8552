import FoundationEssentials
import Postgres

/// The projection of what the auth service tells of members; the newest version wins, in whichever order they come.
struct MemberStore: Sendable {
    /// How long events may come late, so that who has been forgotten is not brought back by one.
    private static let lateness: SQL = "interval '8 days'"

    /// Whether alerts can be assigned to the user; who is a member stays one until the transaction ends.
    func contains(_ user: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            """
            SELECT 1 FROM alerts.members
            WHERE organization_id = \(organization) AND user_id = \(user) AND removed_at IS NULL FOR SHARE
            """)
        return !rows.isEmpty
    }

    /// The user's name; nil for one that is not known.
    func name(of user: UUID, in organization: UUID, _ transaction: Transaction) async throws -> String? {
        let rows = try await transaction.query(
            """
            SELECT nullif(name, '') FROM alerts.members
            WHERE organization_id = \(organization) AND user_id = \(user)
            """)
        return try rows.first?.decode(String?.self, at: 0)
    }

    /// Keeps the newest version; a removal is one too, so that a late addition brings nobody back. Nor does one bring
    /// back the name of who has been forgotten.
    func add(_ member: MemberEventData, version: Int, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            INSERT INTO alerts.members AS m (
                organization_id, user_id, version, name, name_version, email, is_email_verified, is_active)
            SELECT \(member.organizationID), \(member.userID), \(version), \(member.name), \(member.userVersion ?? 0),
                \(member.email), \(member.isEmailVerified ?? false), \(member.isActive ?? true)
            WHERE NOT EXISTS (SELECT FROM alerts.forgotten_users WHERE user_id = \(member.userID))
            ON CONFLICT (organization_id, user_id) DO UPDATE SET
                version = excluded.version, name = \(Self.newer("name")), name_version = \(Self.newer("name_version")),
                email = \(Self.newer("email")), is_email_verified = \(Self.newer("is_email_verified")),
                is_active = \(Self.newer("is_active")), removed_at = NULL
            WHERE excluded.version > m.version
            """)
    }

    /// What was told of the person may be older than what is known of a member.
    private static func newer(_ column: SQL) -> SQL {
        """
        CASE WHEN m.removed_at IS NOT NULL OR excluded.name_version >= m.name_version
            THEN excluded.\(column) ELSE m.\(column) END
        """
    }

    /// Notes that the user is a member no more; the name stays for what the history tells, the address does not.
    ///
    /// - Returns: Whether it is news.
    func remove(
        _ user: UUID, of organization: UUID, version: Int, at time: Timestamp, _ transaction: Transaction
    ) async throws -> Bool {
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.members AS m (organization_id, user_id, version, name, removed_at)
            VALUES (\(organization), \(user), \(version), '', \(time))
            ON CONFLICT (organization_id, user_id) DO UPDATE SET
                version = excluded.version, removed_at = excluded.removed_at, email = NULL, is_email_verified = false
            WHERE excluded.version > m.version
            """)
        guard rows.affectedRows == 1 else { return false }
        try await transaction.batch(Self.unmail(user, "organization_id = \(organization) AND"))
        return true
    }

    /// What is left of a member's mail, in some organizations or in all.
    private static func unmail(_ user: UUID, _ condition: SQL = "") -> [SQL] {
        [
            "DELETE FROM alerts.preferences WHERE \(condition) user_id = \(user)",
            """
            UPDATE alerts.channels SET
                member_ids = array_remove(member_ids, \(user)), version = version + 1, last_updated = now()
            WHERE \(condition) \(user) = ANY(member_ids)
            """,
            "UPDATE alerts.notifications SET recipient = NULL WHERE \(condition) user_id = \(user)",
        ]
    }

    /// Which of the users are members; they stay so until the transaction ends.
    func existing(_ users: [UUID], in organization: UUID, _ transaction: Transaction) async throws -> Set<UUID> {
        let rows = try await transaction.query(
            """
            SELECT user_id FROM alerts.members
            WHERE organization_id = \(organization) AND user_id = ANY(\(users)) AND removed_at IS NULL
            ORDER BY user_id FOR SHARE
            """)
        return Set(try rows.map { try $0.decode(UUID.self) })
    }

    /// Keeps what is told of a user, in every organization.
    func update(_ user: UserEventData, version: Int, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            UPDATE alerts.members SET
                name = \(user.name), name_version = \(version),
                email = CASE WHEN removed_at IS NULL THEN coalesce(\(user.email), email) END,
                is_email_verified = removed_at IS NULL AND coalesce(\(user.isEmailVerified), is_email_verified),
                is_active = coalesce(\(user.isActive), is_active)
            WHERE user_id = \(user.userID) AND name_version < \(version)
            """)
    }

    /// Forgets a user in every organization: what they did stays, and is nobody's any more.
    func forget(_ user: UUID, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.batch(
            [
                """
                INSERT INTO alerts.forgotten_users (user_id, forgotten_at) VALUES (\(user), \(time))
                ON CONFLICT (user_id) DO NOTHING
                """,
                "DELETE FROM alerts.members WHERE user_id = \(user)",
            ] + Self.unmail(user) + [
                "DELETE FROM alerts.forgotten_users WHERE forgotten_at < now() - \(Self.lateness)"
            ])
    }

    /// Takes out those of whom the auth service knows nothing any more, and their names: they may have deleted their
    /// accounts.
    func remove(
        missing members: [(organization: UUID, user: UUID)], _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            UPDATE alerts.members SET
                removed_at = coalesce(removed_at, now()), name = '', email = NULL, is_email_verified = false
            WHERE (organization_id, user_id) IN (
                SELECT * FROM unnest(\(members.map(\.organization)), \(members.map(\.user))))
            """)
        for member in members {
            try await transaction.batch(Self.unmail(member.user, "organization_id = \(member.organization) AND"))
        }
    }
}
