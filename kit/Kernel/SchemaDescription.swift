import Postgres

/// What the catalogs say of an installation's schemas: relations with their columns, constraints, indexes, policies and
/// grants, and functions. Partitions and chunks come and go and are left out.
public struct SchemaDescription: Sendable {
    /// One thing that the catalogs name.
    struct Object: Hashable, Sendable {
        /// `table`, `column`, `index`, …
        let kind: String
        let name: String
        /// What it is a part of; a relation is a part of itself.
        let relation: String

        var isRelation: Bool { name == relation }
    }

    let definitions: [Object: String]

    init(definitions: [Object: String]) {
        self.definitions = definitions
    }

    /// Reads it as a role that may see everything, such as the administrator.
    ///
    /// - Throws: `PostgresError`.
    public init(of database: PostgresClient) async throws {
        let schemas = ["core"] + Service.allCases.map(\.rawValue)
        let rows = try await database.query(SchemaCatalog.query(schemas: schemas))
        definitions = try Dictionary(
            rows.map { row in
                let (kind, name, relation, definition) = try row.decode(
                    String.self, String.self, String.self, String.self)
                return (Object(kind: kind, name: name, relation: relation), definition)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// How a live database differs from this one, which the migrations made: a sentence each, in alphabetical order.
    ///
    /// Of a relation that is missing, or not ours, the parts are not named.
    public func differences(of live: SchemaDescription) -> [String] {
        let ours = relations
        let theirs = live.relations
        let objects = Set(definitions.keys).union(live.definitions.keys).filter { object in
            object.isRelation || ours.contains(object.relation) == theirs.contains(object.relation)
        }
        return objects.compactMap { sentence(for: $0, in: live) }.sorted()
    }

    private var relations: Set<String> { Set(definitions.keys.filter(\.isRelation).map(\.name)) }

    private func sentence(for object: Object, in live: SchemaDescription) -> String? {
        let name = "\(object.kind) \(object.name)"
        switch (definitions[object], live.definitions[object]) {
        case (let migrated?, let found?):
            guard migrated != found else { return nil }
            switch object.kind {
            case "grants": return "\(name) differ"
            case "function", "view": return "\(name) is not as the migrations make it"
            default: return "\(name) is \"\(found)\" and not \"\(migrated)\""
            }
        case (_?, nil): return "\(name) is missing"
        case (nil, _): return "\(name) is in no migration"
        }
    }
}
