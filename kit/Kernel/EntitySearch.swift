import FoundationEssentials
import Postgres

/// A search in the entity directory of one organization, a page at a time.
///
/// The query is to be run as that organization; without one it finds nothing. It goes through a function of the
/// database because row security keeps a search by name or properties from its index.
public struct EntitySearch: Sendable {
    /// Only these types; nil for all.
    public var types: [String]?
    /// A part of the name, in upper or lower case; nil for any name.
    public var namePart: String?
    /// What the properties contain, such as `{"room": "204"}`; nil for any.
    public var properties: JSONB?
    /// Begin behind this id; nil for the first page.
    public var after: UUID?
    /// Whether the newest come first.
    public var newestFirst: Bool
    /// At most so many rows.
    public var limit: Int

    public init(
        types: [String]? = nil, namePart: String? = nil, properties: JSONB? = nil, after: UUID? = nil,
        newestFirst: Bool = true, limit: Int
    ) {
        self.types = types
        self.namePart = namePart
        self.properties = properties
        self.after = after
        self.newestFirst = newestFirst
        self.limit = limit
    }

    /// Selects the rows, which ``StoredEntity/init(row:)`` reads.
    public var query: SQL {
        """
        SELECT \(StoredEntity.columns)
        FROM core.search_entities(
            \(types), \(namePart), \(properties), \(after), \(newestFirst), \(Int32(clamping: limit)))
        """
    }
}

/// An entity as it is in the directory.
public struct StoredEntity: Sendable {
    public let entity: Entity
    /// Counts the changes, from 1.
    public let version: Int
    public let createdAt: Timestamp
    public let lastUpdated: Timestamp

    /// The columns of `core.entities`, in the order in which ``init(row:)`` reads them.
    public static let columns: SQL = """
        id, organization_id, entity_type, name, description, properties, version, created_at, last_updated
        """

    /// Reads a row of ``columns``.
    ///
    /// - Throws: `DecodingFailure`.
    public init(row: Row) throws {
        let (id, organization, type, name, description, properties, version, createdAt, lastUpdated) = try row.decode(
            UUID.self, UUID?.self, String.self, String.self, String.self, JSONB.self, Int.self, Timestamp.self,
            Timestamp.self)
        entity = Entity(
            id: id, organizationID: organization, type: type, name: name, description: description,
            properties: properties)
        self.version = version
        self.createdAt = createdAt
        self.lastUpdated = lastUpdated
    }
}
