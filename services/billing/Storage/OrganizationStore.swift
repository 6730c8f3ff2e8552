import EventBus
import FoundationEssentials
import Postgres

/// The projection of what auth tells of organizations.
struct OrganizationStore: Sendable {
    let removal: OrganizationRemoval

    /// Keeps the newest version; one that has been deleted stays so.
    func upsert(_ id: UUID, name: String, version: Int, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            INSERT INTO billing.organizations (organization_id, name, version) VALUES (\(id), \(name), \(version))
            ON CONFLICT (organization_id) DO UPDATE SET name = excluded.name, version = excluded.version
            WHERE excluded.version > organizations.version AND NOT organizations.is_deleted
            """)
    }

    /// Marks it as deleted, and ends its subscription; the rest goes bit by bit.
    func remove(_ id: UUID, version: Int, _ transaction: Transaction) async throws {
        try await transaction.batch([
            """
            INSERT INTO billing.organizations (organization_id, name, version, is_deleted)
            VALUES (\(id), '', \(version), true)
            ON CONFLICT (organization_id) DO UPDATE SET name = '', version = excluded.version, is_deleted = true
            """,
            "DELETE FROM billing.subscriptions WHERE organization_id = \(id)",
            removal.begin(id),
        ])
    }

    /// As ``remove(_:version:_:)``, when it is found to be gone and nothing was told.
    func remove(_ id: UUID, _ transaction: Transaction) async throws {
        let rows = try await transaction.query(
            "SELECT version FROM billing.organizations WHERE organization_id = \(id)")
        guard let version = try rows.first?.decode(Int.self) else { return }
        try await remove(id, version: version + 1, transaction)
    }

    /// What there may be much of.
    static let parts: [OrganizationRemoval.Step] = [
        .rows(of: "billing.usage_daily"),
        .rows(of: "billing.devices"),
    ]
}
