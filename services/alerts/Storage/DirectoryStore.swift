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
    func devices(in organization: UUID, visibleBy visibility: DeviceVisibility = .all) async throws -> [Entry] {
        let isVisible: SQL =
            switch visibility {
            case .all: ""
            case .only(let devices, let projects):
                "AND (id = ANY(\(devices)) OR project_id = ANY(\(projects)))"
            }
        return try await entries(
            """
            SELECT id, name FROM alerts.devices
            WHERE organization_id = \(organization) AND NOT is_deleted \(isVisible) ORDER BY name, id LIMIT \(Self.most)
            """, organization)
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
