import FoundationEssentials
import Postgres

/// A row of `core.entities`: what users, organizations, projects and devices have in common. What only one of them has
/// is in `properties`, or in a table of the service that owns the type.
public struct Entity: Sendable {
    public let id: UUID
    /// Nil for a user, who is reached through memberships; an organization's own row carries its own id.
    public let organizationID: UUID?
    /// `user`, `organization`, `project`, `device.esp32`, …
    public let type: String
    public var name: String
    public var description: String
    public var properties: JSONB

    public init(
        id: UUID, organizationID: UUID?, type: String, name: String, description: String = "",
        properties: JSONB = .emptyObject
    ) {
        self.id = id
        self.organizationID = organizationID
        self.type = type
        self.name = name
        self.description = description
        self.properties = properties
    }

    /// Inserts the row, at version 1.
    public var insert: SQL {
        """
        INSERT INTO core.entities (id, organization_id, entity_type, name, description, properties)
        VALUES (\(id), \(organizationID), \(type), \(name), \(description), \(properties))
        """
    }

    /// Replaces what may change and counts the version up.
    public var update: SQL {
        """
        UPDATE core.entities
        SET entity_type = \(type), name = \(name), description = \(description), properties = \(properties),
            version = version + 1, last_updated = now()
        WHERE id = \(id) AND organization_id IS NOT DISTINCT FROM \(organizationID)
        """
    }

    /// Deletes the row.
    public static func delete(_ id: UUID, organization: UUID?) -> SQL {
        "DELETE FROM core.entities WHERE id = \(id) AND organization_id IS NOT DISTINCT FROM \(organization)"
    }
}

/// A row of `core.events`: who did what to which entity. Rows are written in the transaction of the change and never
/// changed.
public struct AuditEntry: Sendable {
    private let type: String
    private let entityID: UUID
    private let organizationID: UUID?
    private let actor: JSONB
    private let data: JSONB

    /// - Parameters:
    ///   - type: Such as `device.updated`.
    ///   - actor: Who did it: `{"type": "user", "id": "…"}`.
    ///   - data: What changed; never a secret.
    public init(type: String, entityID: UUID, organizationID: UUID?, actor: JSONB, data: JSONB = .emptyObject) {
        self.type = type
        self.entityID = entityID
        self.organizationID = organizationID
        self.actor = actor
        self.data = data
    }

    /// Inserts the row.
    public var insert: SQL {
        """
        INSERT INTO core.events (id, timestamp, organization_id, entity_id, event_type, data, actor)
        VALUES (\(UUID.v7()), now(), \(organizationID), \(entityID), \(type), \(data), \(actor))
        """
    }
}
