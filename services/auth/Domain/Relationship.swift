import Foundation
import Postgres

/// A directed connection between two entities of an organization: a freezer `located_in` a room.
struct Relationship: Sendable {
    let id: UUID
    let source: UUID
    let target: UUID
    let type: String
    let properties: JSONB
    let createdAt: Timestamp
}

/// From which end an entity's relationships are looked at.
enum RelationshipDirection: String, Sendable, CaseIterable {
    case outgoing, incoming, both
}

/// What is connected with an entity, over up to so many steps in either direction.
struct EntityGraph: Sendable {
    /// An entity, and how many steps away it is.
    struct Node: Sendable {
        let id: UUID
        let type: String
        let name: String
        let depth: Int
    }

    /// How many entities, and how many relationships, a graph shows at most.
    static let maximumEntities = 500
    static let maximumRelationships = 2000

    /// The nearest first; the one it starts from is at depth 0.
    let nodes: [Node]
    let relationships: [Relationship]
    /// Whether there is more than is shown.
    let isTruncated: Bool
}
