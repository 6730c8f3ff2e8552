import Foundation
import Kernel
import Postgres

/// The entities of an organization; only those of custom types are written here.
struct DirectoryStore: Sendable {
    let database: PostgresClient

    /// The page of entities that `search` asks for.
    func search(_ search: EntitySearch, in organization: UUID) async throws -> [StoredEntity] {
        try await database.query(search.query, as: .organization(organization)).map(StoredEntity.init(row:))
    }

    func find(_ id: UUID, in organization: UUID) async throws -> StoredEntity? {
        try await database.query(
            "SELECT \(StoredEntity.columns) FROM core.entities WHERE organization_id = \(organization) AND id = \(id)",
            as: .organization(organization)
        ).first.map(StoredEntity.init(row:))
    }

    /// The entity, locked until the transaction ends; nil too for one that this service may not write.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> StoredEntity? {
        try await transaction.query(
            """
            SELECT \(StoredEntity.columns) FROM core.entities
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """
        ).first.map(StoredEntity.init(row:))
    }

    /// Inserts or updates an entity, and says so in the event log.
    ///
    /// - Parameter change: The entity's `insert` or `update`.
    func store(_ change: SQL, _ audit: AuditEntry, _ transaction: Transaction) async throws -> StoredEntity {
        let rows = try await transaction.batch(["\(change) RETURNING \(StoredEntity.columns)", audit.insert])
        guard let row = rows.first?.first else { throw DecodingFailure.noSuchColumn(0) }
        return try StoredEntity(row: row)
    }
}
