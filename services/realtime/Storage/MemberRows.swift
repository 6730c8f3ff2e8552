import FoundationEssentials
import Postgres

/// The statements that keep the projection of members.
enum MemberRows {
    /// Keeps the newest version; a removal is one too, so that a late addition brings nobody back. Nor does one bring
    /// back who has been forgotten.
    static func add(_ member: MemberData, version: Int) -> SQL {
        """
        INSERT INTO realtime.members AS m (organization_id, user_id, version, name)
        SELECT \(member.organizationID), \(member.userID), \(version), \(member.name)
        WHERE NOT EXISTS (SELECT FROM realtime.forgotten_users WHERE user_id = \(member.userID))
        ON CONFLICT (organization_id, user_id) DO UPDATE SET
            version = excluded.version, name = excluded.name, removed_at = NULL
        WHERE excluded.version > m.version
        """
    }

    static func remove(_ member: RemovedMember, version: Int, at time: Timestamp) -> SQL {
        """
        INSERT INTO realtime.members AS m (organization_id, user_id, version, name, removed_at)
        VALUES (\(member.organizationID), \(member.userID), \(version), '', \(time))
        ON CONFLICT (organization_id, user_id) DO UPDATE SET
            version = excluded.version, removed_at = excluded.removed_at
        WHERE excluded.version > m.version
        """
    }

    /// Renames a user in every organization.
    static func rename(_ user: UserData, version: Int) -> SQL {
        """
        UPDATE realtime.members SET name = \(user.name), name_version = \(version)
        WHERE user_id = \(user.id) AND name_version < \(version)
        """
    }

    /// Forgets a user in every organization, at once: what they did stays, and is nobody's any more.
    static func forget(_ user: UUID, at time: Timestamp) -> [SQL] {
        [
            """
            INSERT INTO realtime.forgotten_users (user_id, forgotten_at) VALUES (\(user), \(time))
            ON CONFLICT (user_id) DO NOTHING
            """,
            "DELETE FROM realtime.members WHERE user_id = \(user)",
        ]
    }
}
