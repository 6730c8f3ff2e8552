import FoundationEssentials
import Identity
import Kernel
import Postgres

/// The names of what alerts and rules are about, for the pages: to be shown, and to be chosen from.
struct DirectoryStore: Sendable {
    struct Entry: Sendable, Hashable {
        let id: UUID
        let name: String
    }

    /// So many are offered for choice, the first by name.
    static let most = 500

    let database: PostgresClient

    /// The devices that who asks may see.
    ///
    /// - Parameter chosen: Those that are offered in any case.
    func devices(
        in organization: UUID, visibleBy visibility: DeviceVisibility = .all, and chosen: [UUID] = []
    ) async throws -> [Entry] {
        let isVisible: SQL =
            switch visibility {
            case .all: ""
            case .only(let devices, let projects):
                "AND (id = ANY(\(devices)) OR project_id = ANY(\(projects)))"
            }
        let visible: SQL = """
            SELECT id, name FROM alerts.devices
            WHERE organization_id = \(organization) AND NOT is_deleted \(isVisible)
            """
        return try await entries(
            """
            (\(visible) ORDER BY name, id LIMIT \(Self.most)) UNION (\(visible) AND id = ANY(\(chosen)))
            ORDER BY name, id
            """, organization)
    }

    /// The projects, which the directory of all services has.
    ///
    /// - Parameter chosen: Those that are offered in any case.
    private func projects(in organization: UUID, and chosen: [UUID]) async throws -> [Entry] {
        let projects: SQL = """
            SELECT id, name FROM core.entities WHERE organization_id = \(organization) AND entity_type = 'project'
            """
        return try await entries(
            """
            (\(projects) ORDER BY name, id LIMIT \(Self.most)) UNION (\(projects) AND id = ANY(\(chosen)))
            ORDER BY name, id
            """, organization)
    }

    /// What a scope can be chosen from, and what is chosen.
    func choices(for scope: ScopeDraft, in organization: UUID) async throws -> ScopeChoices {
        let project = [scope.projectID].compactMap(UUID.init(uuidString:))
        async let devices = devices(in: organization, and: scope.deviceIDs.compactMap(UUID.init(uuidString:)))
        async let projects = projects(in: organization, and: project)
        return ScopeChoices(devices: try await devices, projects: try await projects)
    }

    func rules(in organization: UUID) async throws -> [Entry] {
        try await entries(
            """
            SELECT id, name FROM alerts.rules WHERE organization_id = \(organization) ORDER BY name, id
            LIMIT \(Self.most)
            """, organization)
    }

    func channels(in organization: UUID) async throws -> [Entry] {
        try await entries(
            """
            SELECT id, name FROM alerts.channels WHERE organization_id = \(organization) ORDER BY name, id
            LIMIT \(Self.most)
            """, organization)
    }

    /// Whom an alert can be given to.
    func members(in organization: UUID) async throws -> [Entry] {
        try await entries(
            """
            SELECT user_id, name FROM alerts.members
            WHERE organization_id = \(organization) AND removed_at IS NULL AND name <> '' ORDER BY name, user_id
            LIMIT \(Self.most)
            """, organization)
    }

    /// The names of members, present and former ones.
    func names(ofMembers ids: [UUID], in organization: UUID) async throws -> [UUID: String] {
        try await names(
            """
            SELECT user_id, name FROM alerts.members
            WHERE organization_id = \(organization) AND user_id = ANY(\(ids)) AND name <> ''
            """, of: ids, organization)
    }

    /// The names of the devices and projects that sentences about scopes tell.
    func names(of scopes: [RuleScope], in organization: UUID) async throws -> [UUID: String] {
        let ids = scopes.flatMap(\.named)
        return try await names(
            """
            SELECT id, name FROM alerts.devices
            WHERE organization_id = \(organization) AND id = ANY(\(ids)) AND name <> ''
            UNION ALL SELECT id, name FROM core.entities
            WHERE organization_id = \(organization) AND id = ANY(\(ids)) AND entity_type = 'project'
            """, of: ids, organization)
    }

    func names(ofDevices ids: [UUID], in organization: UUID) async throws -> [UUID: String] {
        try await names(
            "SELECT id, name FROM alerts.devices WHERE organization_id = \(organization) AND id = ANY(\(ids))",
            of: ids, organization)
    }

    /// The devices that have one of the names, as far as a rule can have bounds for them.
    func devices(named names: [String], in organization: UUID) async throws -> [Entry] {
        guard !names.isEmpty else { return [] }
        return try await entries(
            """
            SELECT id, name FROM alerts.devices
            WHERE organization_id = \(organization) AND NOT is_deleted AND name = ANY(\(names)) ORDER BY name, id
            LIMIT \(RuleInput.mostOverrides)
            """, organization)
    }

    /// The projects of those devices that are in one.
    func projects(ofDevices ids: [UUID], in organization: UUID) async throws -> [UUID: UUID] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT id, project_id FROM alerts.devices
            WHERE organization_id = \(organization) AND id = ANY(\(ids)) AND project_id IS NOT NULL
            """, as: .organization(organization))
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(UUID.self, UUID.self) })
    }

    /// How many alerts of the rules are open.
    func openAlerts(ofRules ids: [UUID], in organization: UUID) async throws -> [UUID: Int] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT rule_id, count(*) FROM alerts.alerts
            WHERE organization_id = \(organization) AND rule_id = ANY(\(ids)) AND \(Alert.isOpen) GROUP BY rule_id
            """, as: .organization(organization))
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(UUID.self, Int.self) })
    }

    private func entries(_ statement: SQL, _ organization: UUID) async throws -> [Entry] {
        try await database.query(statement, as: .organization(organization)).map {
            Entry(id: try $0.decode(at: 0), name: try $0.decode(at: 1))
        }
    }

    private func names(_ statement: SQL, of ids: [UUID], _ organization: UUID) async throws -> [UUID: String] {
        guard !ids.isEmpty else { return [:] }
        let found = try await entries(statement, organization)
        return Dictionary(found.map { ($0.id, $0.name) }) { first, _ in first }
    }
}
