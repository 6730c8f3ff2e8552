import Foundation
import HTTPKit
import Kernel
import Postgres

/// A relationship as a client writes it.
struct RelationshipInput: Decodable, Sendable {
    let fromEntity: UUID
    let toEntity: UUID
    let relationshipType: String
    let properties: [String: AnyJSON]?

    enum CodingKeys: String, CodingKey {
        case fromEntity = "from_entity"
        case toEntity = "to_entity"
        case relationshipType = "relationship_type"
        case properties
    }
}

extension Relationship {
    /// A new one.
    ///
    /// - Throws: 422 with everything that is wrong.
    init(_ input: RelationshipInput) throws {
        let properties = input.properties ?? [:]
        try validate { check in
            check.length(of: input.relationshipType, 1...100, "relationship_type")
            check.require(input.fromEntity != input.toEntity, "to_entity", "must be another entity than from_entity")
            check.properties(properties)
        }
        self.init(
            id: UUID.v7(), source: input.fromEntity, target: input.toEntity, type: input.relationshipType,
            properties: try JSONB(properties), createdAt: .now)
    }
}

/// A relationship between two entities.
struct RelationshipAnswer: Encodable, Sendable {
    let id: String
    let fromEntity: String
    let toEntity: String
    let relationshipType: String
    let properties: AnyJSON
    let createdAt: Timestamp

    /// - Throws: `DecodingError`.
    init(_ relationship: Relationship) throws {
        id = relationship.id.text
        fromEntity = relationship.source.text
        toEntity = relationship.target.text
        relationshipType = relationship.type
        properties = try relationship.properties.decode()
        createdAt = relationship.createdAt
    }

    enum CodingKeys: String, CodingKey {
        case id
        case fromEntity = "from_entity"
        case toEntity = "to_entity"
        case relationshipType = "relationship_type"
        case properties
        case createdAt = "created_at"
    }
}

/// What is connected with an entity.
struct GraphAnswer: Encodable {
    struct Node: Encodable {
        let id: String
        let entityType: String
        let name: String
        let depth: Int

        enum CodingKeys: String, CodingKey {
            case id
            case entityType = "entity_type"
            case name, depth
        }
    }

    let entities: [Node]
    let relationships: [RelationshipAnswer]
    let isTruncated: Bool

    /// - Throws: `DecodingError`.
    init(_ graph: EntityGraph) throws {
        entities = graph.nodes.map { Node(id: $0.id.text, entityType: $0.type, name: $0.name, depth: $0.depth) }
        relationships = try graph.relationships.map(RelationshipAnswer.init)
        isTruncated = graph.isTruncated
    }

    enum CodingKeys: String, CodingKey {
        case entities, relationships
        case isTruncated = "is_truncated"
    }
}
