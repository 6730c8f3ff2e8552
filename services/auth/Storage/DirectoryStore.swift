import Foundation
import Kernel
import Postgres

/// The entities of an organization; only those of custom types are written here.
struct DirectoryStore: Sendable {
    let database: PostgresClient

    /// The page of entities that `search` asks for, of those whose properties contain one of the alternatives.
    func search(
        _ search: EntitySearch, _ alternatives: [JSONB], in organization: UUID
    ) async throws -> [StoredEntity] {
        let searches = alternatives.map { contained in
            var search = search
            search.properties = contained
            return search.query
        }
        let rows = try await database.batch(
            searches.isEmpty ? [search.query] : searches, as: .organization(organization))
        guard rows.count > 1 else { return try rows.joined().map(StoredEntity.init(row:)) }
        // Each answers a page from the same place on, so the first of all of them are the page.
        let found = try rows.joined().map(StoredEntity.init(row:))
        let distinct = Dictionary(found.map { ($0.entity.id.text, $0) }) { first, _ in first }
        let sorted = distinct.sorted { search.newestFirst ? $0.key > $1.key : $0.key < $1.key }
        return sorted.prefix(search.limit).map(\.value)
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
