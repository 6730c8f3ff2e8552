import HTTPKit
import Kernel
import Postgres

/// An entity as a client writes it.
struct EntityInput: Decodable, Sendable {
    let entityType: String
    let name: String
    let description: String?
    let properties: [String: AnyJSON]?

    enum CodingKeys: String, CodingKey {
        case entityType = "entity_type"
        case name, description, properties
    }
}

extension CustomEntity {
    /// In characters.
    static let maximumDescription = 2000
    /// In bytes, as JSON.
    static let maximumProperties = 16 << 10

    /// - Throws: 422 with everything that is wrong.
    init(_ input: EntityInput) throws {
        var check = Validation()
        let type = CustomType(input.entityType)
        let name = DisplayName(input.name)
        let properties = input.properties ?? [:]
        check.require(type != nil, "entity_type", CustomType.rule)
        check.require(name != nil, "name", DisplayName.rule)
        check.length(of: input.description, 0...Self.maximumDescription, "description")
        check.properties(properties)
        guard check.errors.isEmpty, let type, let name else { throw Problem.invalid(check.errors) }
        self.init(type: type, name: name, description: input.description ?? "", properties: properties)
    }
}

extension Validation {
    /// What is hung on an entity or a relationship must be of a size and hold no U+0000.
    mutating func properties(_ properties: [String: AnyJSON]) {
        let object = AnyJSON.object(properties)
        require(!object.containsNUL, "properties", "must not contain the character U+0000")
        require(
            object.size <= CustomEntity.maximumProperties, "properties",
            "must have at most \(CustomEntity.maximumProperties) bytes")
    }
}

extension QueryParameters {
    /// - Throws: 422 for a key that cannot be looked for.
    func propertyFilter() throws(Problem) -> PropertyFilter {
        var filter = PropertyFilter()
        for (name, value) in all where name.hasPrefix(PropertyFilter.prefix) {
            guard filter.require(name.dropFirst(PropertyFilter.prefix.count), is: value) else {
                throw .invalid(
                    name,
                    """
                    must be a path of at most \(PropertyFilter.maximumDepth) keys, each given one value, and of values \
                    that could be numbers not too many at once: quote what is text
                    """)
            }
        }
        return filter
    }
}

/// An entity of the directory.
struct EntityAnswer: Encodable {
    let id: String
    let entityType: String
    let name: String
    let description: String
    let properties: AnyJSON
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    /// - Throws: `DecodingError`.
    init(_ stored: StoredEntity) throws {
        id = stored.entity.id.text
        entityType = stored.entity.type
        name = stored.entity.name
        description = stored.entity.description
        properties = try stored.entity.properties.decode()
        version = stored.version
        createdAt = stored.createdAt
        lastUpdated = stored.lastUpdated
    }

    enum CodingKeys: String, CodingKey {
        case id
        case entityType = "entity_type"
        case name, description, properties, version
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }
}
