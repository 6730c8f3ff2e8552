import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Projects, with their rows in the entity directory.
struct ProjectStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    // MARK: Reading

    /// - Throws: ``ProjectError/notFound``.
    func find(_ id: UUID, in organization: UUID) async throws -> Project {
        let rows = try await database.query(Self.select(id, in: organization), as: .organization(organization))
        return try Self.only(rows)
    }

    /// A page of an organization's projects, by id.
    func list(_ filter: ProjectFilter, in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Project] {
        let isOfStatus: SQL =
            filter.statuses.isEmpty ? "true" : "p.status = ANY(\(filter.statuses.map(\.rawValue)))"
        let contains: SQL =
            filter.text.map { "strpos(lower(e.name || ' ' || e.description), lower(\($0))) > 0" } ?? "true"
        let isVisible: SQL = filter.visible.map { "p.id = ANY(\($0))" } ?? "true"
        return try await database.query(
            """
            \(Self.selection)
            WHERE p.organization_id = \(organization) AND \(isOfStatus) AND \(contains) AND \(isVisible)
            \(page.keyset(by: "p.id"))
            """, as: .organization(organization)
        ).map(Project.init(row:))
    }

    // MARK: Writing

    /// Adds a project. After the commit the outbox is to be woken.
    ///
    /// - Throws: ``ProjectError/leadIsNoMember``.
    func create(
        _ profile: ProjectProfile, in organization: UUID, by user: UUID, _ transaction: Transaction
    ) async throws -> Project {
        let id = UUID.v7()
        let entity = try Self.entity(id, organization, profile)
        let rows = try await mappingLead {
            try await transaction.batch([
                entity.insert,
                """
                INSERT INTO auth.projects (id, organization_id, status, project_lead_id)
                VALUES (\(id), \(organization), \(profile.status.rawValue), \(profile.leadID))
                """,
                Self.select(id, in: organization),
            ])
        }
        let project = try Self.only(rows[2])
        try await transaction.batch(ledger.created(project, by: user))
        return project
    }

    /// Changes a project as `change` says, given what is said of it; nothing happens when that leaves it as it is.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``ProjectError``, what `change` throws.
    func update(
        _ id: UUID, in organization: UUID, ifVersions versions: Set<Int>?, by user: UUID,
        _ change: @Sendable (ProjectProfile) throws -> ProjectProfile
    ) async throws -> Project {
        let project = try await database.withTransaction(as: .organization(organization)) { transaction -> Project in
            let before = try await lock(id, in: organization, ifVersions: versions, transaction)
            let profile = try change(before.profile)
            guard profile != before.profile else { return before }
            let entity = try Self.entity(id, organization, profile)
            let rows = try await mappingLead {
                try await transaction.batch([
                    entity.update,
                    """
                    UPDATE auth.projects SET status = \(profile.status.rawValue), project_lead_id = \(profile.leadID)
                    WHERE organization_id = \(organization) AND id = \(id)
                    """,
                    Self.select(id, in: organization),
                ])
            }
            let after = try Self.only(rows[2])
            try await transaction.batch(ledger.updated(before, after, by: user))
            return after
        }
        ledger.outbox.wake()
        return project
    }

    /// - Throws: ``ProjectError``.
    func delete(
        _ id: UUID, in organization: UUID, ifVersions versions: Set<Int>?, by user: UUID
    ) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let project = try await lock(id, in: organization, ifVersions: versions, transaction)
            try await transaction.batch(
                [
                    "DELETE FROM auth.projects WHERE organization_id = \(organization) AND id = \(id)",
                    Entity.delete(id, organization: organization),
                ] + ledger.deleted(project, by: user))
        }
        ledger.outbox.wake()
    }

    /// Takes a member who is about to leave from the projects that the member leads.
    func forgetLead(
        _ lead: UUID, in organization: UUID, by user: UUID, _ transaction: Transaction
    ) async throws {
        let projects = try await transaction.query(
            """
            \(Self.selection) WHERE p.organization_id = \(organization) AND p.project_lead_id = \(lead)
            ORDER BY p.id FOR NO KEY UPDATE OF e
            """
        ).map(Project.init(row:))
        for before in projects {
            let rows = try await transaction.batch([
                """
                UPDATE auth.projects SET project_lead_id = NULL
                WHERE organization_id = \(organization) AND id = \(before.id)
                """,
                try Self.entity(before.id, organization, before.profile).update,
                Self.select(before.id, in: organization),
            ])
            try await transaction.batch(ledger.updated(before, Self.only(rows[2]), by: user))
        }
    }

    // MARK: Parts

    /// What ``Project/init(row:)`` reads.
    static let selection: SQL = """
        SELECT p.id, p.organization_id, e.name, e.description, p.status, p.project_lead_id, e.properties, e.version,
            e.created_at, e.last_updated
        FROM auth.projects p JOIN core.entities e ON e.organization_id = p.organization_id AND e.id = p.id
        """

    private static func select(_ id: UUID, in organization: UUID) -> SQL {
        "\(selection) WHERE p.organization_id = \(organization) AND p.id = \(id)"
    }

    /// - Throws: ``ProjectError/notFound``.
    private static func only(_ rows: Rows) throws -> Project {
        guard let row = rows.first else { throw ProjectError.notFound }
        return try Project(row: row)
    }

    /// The lock comes first, so that what is read behind it is what it holds.
    private func lock(
        _ id: UUID, in organization: UUID, ifVersions versions: Set<Int>?, _ transaction: Transaction
    ) async throws -> Project {
        let rows = try await transaction.batch([
            "SELECT 1 FROM core.entities WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE",
            Self.select(id, in: organization),
        ])
        let project = try Self.only(rows[1])
        if let versions, !versions.contains(project.version) { throw ProjectError.stale }
        return project
    }

    private func mappingLead<Value>(
        isolation: isolated (any _Concurrency.Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as PostgresError where error.constraint == "projects_lead_is_member" {
            throw ProjectError.leadIsNoMember
        }
    }

    private static func entity(_ id: UUID, _ organization: UUID, _ profile: ProjectProfile) throws -> Entity {
        try Entity(
            id: id, organizationID: organization, type: "project", name: profile.name,
            description: profile.description, properties: JSONB(profile.properties))
    }
}

extension Project {
    /// - Throws: `DecodingFailure`, `DecodingError`.
    init(row: Row) throws {
        let (name, description, status, lead): (String, String, String, UUID?)
        let properties: JSONB
        (id, organizationID, name, description, status, lead, properties, version, createdAt, lastUpdated) =
            try row.decode(
                UUID.self, UUID.self, String.self, String.self, String.self, UUID?.self, JSONB.self, Int.self,
                Timestamp.self, Timestamp.self)
        profile = ProjectProfile(
            name: name, description: description, status: try ProjectStatus(stored: status), leadID: lead,
            properties: try properties.decode())
    }
}

extension ProjectStatus {
    fileprivate init(stored text: String) throws(Unknown) {
        guard let status = ProjectStatus(rawValue: text) else { throw Unknown(text: text) }
        self = status
    }

    /// A stored status that this version does not know.
    fileprivate struct Unknown: Error {
        let text: String
    }
}
