import EventBus
import FoundationEssentials
import Identity
import Kernel
import Postgres

/// What this service has, as the events that tell of it: for services that may have missed some.
struct SnapshotStore: Sendable {
    let database: PostgresClient

    /// All organizations, by id.
    ///
    /// - Throws: `PostgresError`.
    func organizations(after id: UUID?) async throws -> SnapshotPage {
        let rows = try await page(
            """
            SELECT e.id, e.name, o.deletes_at, e.version
            FROM core.entities e LEFT JOIN auth.organizations o ON o.id = e.id
            WHERE e.organization_id = e.id AND e.entity_type = 'organization'
            """, by: "e.id", after: id)
        return SnapshotPage(
            try rows.map { row in
                let (id, name, end, version) = try row.decode(UUID.self, String.self, Timestamp?.self, Int.self)
                return (id.text, try .organization(id, name: name, deletesAt: end, version: version))
            })
    }

    /// All projects, by id.
    ///
    /// - Throws: `PostgresError`, `DecodingError`.
    func projects(after id: UUID?) async throws -> SnapshotPage {
        let rows = try await page("\(ProjectStore.selection) WHERE true", by: "p.id", after: id)
        return SnapshotPage(
            try rows.map(Project.init(row:)).map { ($0.id.text, try .project("updated", $0, by: nil)) })
    }

    /// All users, by id.
    ///
    /// - Throws: `PostgresError`.
    func users(after id: UUID?) async throws -> SnapshotPage {
        let rows = try await page("SELECT \(UserStore.columns) FROM auth.users u WHERE true", by: "u.id", after: id)
        return SnapshotPage(try rows.map(User.init).map { ($0.id.text, try .userUpdated($0)) })
    }

    /// All memberships, by organization and user, which is also what the cursor says: `<organization>/<user>`.
    ///
    /// - Throws: `PostgresError`.
    func members(after place: String?) async throws -> SnapshotPage {
        let ids = (place ?? "").split(separator: "/").compactMap { UUID(uuidString: String($0)) }
        let isFurther: SQL = ids.count == 2 ? "(m.organization_id, m.user_id) > (\(ids[0]), \(ids[1]))" : "true"
        let rows = try await database.query(
            """
            SELECT \(UserStore.columns), m.organization_id, m.role, m.version
            FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
            WHERE \(isFurther) ORDER BY m.organization_id, m.user_id LIMIT \(SnapshotPage.size)
            """, as: .platform)
        return SnapshotPage(
            try rows.map { row in
                let event = try Event.memberAdded(
                    PersonState(User(row)), to: row.decode(at: User.columnCount),
                    role: Role(stored: row.decode(at: User.columnCount + 1)),
                    version: row.decode(at: User.columnCount + 2))
                return (event.subject, event)
            })
    }

    private func page(_ selection: SQL, by key: SQL, after id: UUID?) async throws -> Rows {
        let isFurther: SQL = id.map { "\(key) > \($0)" } ?? "true"
        return try await database.query(
            "\(selection) AND \(isFurther) ORDER BY \(key) LIMIT \(SnapshotPage.size)", as: .platform)
    }
}
