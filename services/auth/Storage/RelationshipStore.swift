import Foundation
import HTTPKit
import Kernel
import Postgres

/// How the entities of an organization are connected.
struct RelationshipStore: Sendable {
    /// There is such a relationship between the two already.
    struct Exists: Error {}
    /// One of the ends is no entity of the organization.
    struct NoSuchEntity: Error {
        let isSource: Bool
    }

    let database: PostgresClient

    // MARK: Reading

    /// A page of an entity's relationships, by id.
    func page(
        of entity: UUID, _ direction: RelationshipDirection, types: [String], in organization: UUID,
        _ page: PageRequest<UUID>
    ) async throws -> [Relationship] {
        let isOfType: SQL = types.isEmpty ? "true" : "relationship_type = ANY(\(types))"
        let isOfEntity: SQL =
            switch direction {
            case .outgoing: "from_entity = \(entity)"
            case .incoming: "to_entity = \(entity)"
            case .both: "(from_entity = \(entity) OR to_entity = \(entity))"
            }
        let rows = try await database.query(
            """
            SELECT \(Relationship.columns) FROM core.relationships
            WHERE organization_id = \(organization) AND \(isOfEntity) AND \(isOfType)
            \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Relationship.init)
    }

    /// What is within `depth` steps of an entity; nil when there is no such entity.
    ///
    /// Steps are taken in the order of their depth and the walk ends at the limits of ``EntityGraph``. A cycle ends it
    /// too: `UNION` keeps a pair of entity and depth once, and there are only so many depths.
    func graph(around entity: UUID, depth: Int, in organization: UUID) async throws -> EntityGraph? {
        let nodes = try await database.query(
            """
            WITH RECURSIVE reached (id, depth) AS (
                SELECT \(entity), 0
                UNION
                SELECT next.id, r.depth + 1
                FROM reached r CROSS JOIN LATERAL (
                    SELECT to_entity AS id FROM core.relationships
                    WHERE organization_id = \(organization) AND from_entity = r.id
                    UNION ALL
                    SELECT from_entity FROM core.relationships
                    WHERE organization_id = \(organization) AND to_entity = r.id
                ) next
                WHERE r.depth < \(depth)
            ), nearest AS (
                SELECT id, min(depth) AS depth
                FROM (SELECT id, depth FROM reached LIMIT \(EntityGraph.maximumEntities * 20)) walk
                GROUP BY id
            )
            SELECT e.id, e.entity_type, e.name, n.depth
            FROM nearest n JOIN core.entities e ON e.organization_id = \(organization) AND e.id = n.id
            ORDER BY n.depth, e.id LIMIT \(EntityGraph.maximumEntities + 1)
            """, as: .organization(organization)
        ).map(EntityGraph.Node.init)
        guard !nodes.isEmpty else { return nil }
        let shown = nodes.prefix(EntityGraph.maximumEntities)
        let relationships = try await relationships(among: shown.map(\.id), in: organization)
        return EntityGraph(
            nodes: Array(shown), relationships: Array(relationships.prefix(EntityGraph.maximumRelationships)),
            isTruncated: nodes.count > shown.count || relationships.count > EntityGraph.maximumRelationships)
    }

    private func relationships(among entities: [UUID], in organization: UUID) async throws -> [Relationship] {
        try await database.query(
            """
            SELECT \(Relationship.columns) FROM core.relationships
            WHERE organization_id = \(organization) AND from_entity = ANY(\(entities)) AND to_entity = ANY(\(entities))
            ORDER BY id LIMIT \(EntityGraph.maximumRelationships + 1)
            """, as: .organization(organization)
        ).map(Relationship.init)
    }

    // MARK: Writing

    /// - Throws: ``Exists``, ``NoSuchEntity``, `PostgresError`.
    func insert(
        _ relationship: Relationship, in organization: UUID, _ audit: AuditEntry, _ transaction: Transaction
    ) async throws {
        do {
            try await transaction.batch([
                """
                INSERT INTO core.relationships
                    (id, organization_id, from_entity, to_entity, relationship_type, properties, created_at)
                VALUES (\(relationship.id), \(organization), \(relationship.source), \(relationship.target),
                    \(relationship.type), \(relationship.properties), \(relationship.createdAt))
                """,
                audit.insert,
            ])
        } catch let error as PostgresError {
            switch error.constraint {
            case "relationships_key": throw Exists()
            case "relationships_source": throw NoSuchEntity(isSource: true)
            case "relationships_target": throw NoSuchEntity(isSource: false)
            default: throw error
            }
        }
    }

    /// Deletes a relationship; nil when there is none.
    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Relationship? {
        try await transaction.query(
            """
            DELETE FROM core.relationships WHERE organization_id = \(organization) AND id = \(id)
            RETURNING \(Relationship.columns)
            """
        ).first.map(Relationship.init)
    }
}

extension Relationship {
    fileprivate static let columns: SQL = "id, from_entity, to_entity, relationship_type, properties, created_at"

    fileprivate init(_ row: Row) throws {
        (id, source, target, type, properties, createdAt) = try row.decode(
            UUID.self, UUID.self, UUID.self, String.self, JSONB.self, Timestamp.self)
    }
}

extension EntityGraph.Node {
    fileprivate init(_ row: Row) throws {
        (id, type, name, depth) = try row.decode(UUID.self, String.self, String.self, Int.self)
    }
}
