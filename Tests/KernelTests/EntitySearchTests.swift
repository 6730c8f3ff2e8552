import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

struct EntitySearchTests {
    private let first = UUID.v7()
    private let second = UUID.v7()

    /// The devices service, with the same three devices in two organizations.
    private func withDirectory(_ body: @Sendable (PostgresClient) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await withClient(database.configuration(.devices)) { client in
                for organization in [first, second] {
                    for (name, type, room) in [
                        ("Incubator 100%", "device.esp32", "204"), ("Freezer", "device.esp32", "205"),
                        ("incubator_2", "device.arduino", "204"),
                    ] {
                        let device = Entity(
                            id: UUID.v7(), organizationID: organization, type: type, name: name,
                            properties: try JSONB(["room": room]))
                        _ = try await client.query(device.insert, as: .organization(organization))
                    }
                }
                try await body(client)
            }
        }
    }

    private func find(
        _ search: EntitySearch, _ client: PostgresClient, as scope: Scope
    ) async throws -> [StoredEntity] {
        try await client.query(search.query, as: scope).map(StoredEntity.init)
    }

    @Test func `types, a part of the name and properties narrow the search, each and together`() async throws {
        try await withDirectory { client in
            func names(_ search: EntitySearch) async throws -> [String] {
                try await find(search, client, as: .organization(first)).map(\.entity.name)
            }
            let all = try await names(EntitySearch(newestFirst: false, limit: 10))
            let byType = try await names(EntitySearch(types: ["device.esp32"], newestFirst: false, limit: 10))
            let byName = try await names(EntitySearch(namePart: "INCUB", limit: 10))
            let byRoom = try await names(EntitySearch(properties: try JSONB(["room": "205"]), limit: 10))
            let byEach = try await names(
                EntitySearch(
                    types: ["device.arduino"], namePart: "cub", properties: try JSONB(["room": "204"]), limit: 10))
            let none = try await names(EntitySearch(types: [], limit: 10))
            #expect(all == ["Incubator 100%", "Freezer", "incubator_2"])
            #expect(byType == ["Incubator 100%", "Freezer"])
            #expect(byName == ["incubator_2", "Incubator 100%"])
            #expect(byRoom == ["Freezer"])
            #expect(byEach == ["incubator_2"])
            #expect(none.isEmpty)
        }
    }

    @Test(arguments: [("%", ["Incubator 100%"]), ("_", ["incubator_2"]), ("\\", []), ("r_2", ["incubator_2"])])
    func `what is a wildcard in a pattern stands for itself`(part: String, names: [String]) async throws {
        try await withDirectory { client in
            let found = try await find(EntitySearch(namePart: part, limit: 10), client, as: .organization(first))
            #expect(found.map(\.entity.name) == names)
        }
    }

    @Test(arguments: [true, false])
    func `pages go through everything once, in both orders`(newestFirst: Bool) async throws {
        try await withDirectory { client in
            var search = EntitySearch(newestFirst: newestFirst, limit: 2)
            var ids: [String] = []
            for count in [2, 1, 0] {
                let page = try await find(search, client, as: .organization(first))
                #expect(page.count == count)
                ids += page.map(\.entity.id.text)
                search.after = page.last?.entity.id
            }
            #expect(ids.count == 3 && Set(ids).count == 3)
            #expect(ids == (newestFirst ? ids.sorted().reversed() : ids.sorted()))
        }
    }

    @Test func `only the tenant's entities are found, and none without a tenant, whoever asks`() async throws {
        try await withDirectory { client in
            let ofSecond = try await find(EntitySearch(limit: 10), client, as: .organization(second))
            let ofNobody = try await find(EntitySearch(limit: 10), client, as: .none)
            #expect(ofSecond.count == 3 && ofSecond.allSatisfy { $0.entity.organizationID == second })
            #expect(ofSecond.allSatisfy { $0.version == 1 && $0.createdAt == $0.lastUpdated })
            #expect(ofNobody.isEmpty)
        }
    }

    @Test func `only services may search`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                let allowed = try await client.query(
                    """
                    SELECT rolname FROM pg_roles
                    WHERE rolname LIKE \("\(database.roles.prefix)lms\\_%")
                        AND has_function_privilege(rolname, 'core.search_entities'::regproc, 'EXECUTE')
                    """
                ).map { try $0.decode(String.self) }
                let services = Service.allCases.map(database.roles.login) + [database.roles.coreOwner]
                #expect(Set(allowed) == Set(services))
            }
        }
    }
}

/// Search with enough rows for the planner to want an index.
struct EntitySearchPlanTests {
    private static let organization = UUID.v7()

    private static let directory = Task {
        let database = try await TestDatabase.make()
        try await withClient(database.administrator) { client in
            _ = try await client.query(
                """
                INSERT INTO core.entities (id, organization_id, entity_type, name, properties)
                SELECT gen_random_uuid(), \(organization), 'device.esp32', 'Device ' || md5(n::text),
                    jsonb_build_object('serial', n) FROM generate_series(1, 20000) AS n
                """)
            _ = try await client.query("VACUUM ANALYZE core.entities")
        }
        return database
    }

    static let conditions: [(index: String, bare: SQL, search: EntitySearch)] = [
        (
            "entities_by_properties",
            #"EXPLAIN SELECT id FROM core.entities WHERE properties @> '{"serial": 77}'"#,
            EntitySearch(properties: JSONB(bytes: Array(#"{"serial": 77}"#.utf8)), limit: 10)
        ),
        (
            // The MD5 of 77.
            "entities_by_name", "EXPLAIN SELECT id FROM core.entities WHERE name ILIKE '%28dd2c7955ce926456240b2ff%'",
            EntitySearch(namePart: "28dd2c7955ce926456240b2ff", limit: 10)
        ),
    ]

    private func plan(_ statement: SQL, _ client: PostgresClient, as scope: Scope) async throws -> String {
        try await client.query(statement, as: scope).map { try $0.decode(String.self) }.joined(separator: "\n")
    }

    @Test(arguments: conditions)
    func `a policy keeps a condition from its index, and the function does not`(
        index: String, bare: SQL, search: EntitySearch
    ) async throws {
        let database = try await Self.directory.value
        let unbound = try await withClient(database.administrator) { try await plan(bare, $0, as: .none) }
        #expect(unbound.contains(index))
        try await withClient(database.configuration(.devices)) { client in
            let bound = try await plan(bare, client, as: .organization(Self.organization))
            #expect(!bound.contains(index))
            #expect(bound.contains("Filter"))
            try await client.withTransaction(as: .organization(Self.organization)) { transaction in
                let before = try await scans(of: index, transaction)
                let found = try await transaction.query(search.query)
                let after = try await scans(of: index, transaction)
                #expect(found.count == 1)
                #expect(after - before == 1)
            }
        }
    }

    /// How often this session has used the index and not yet told the statistics.
    private func scans(of index: String, _ transaction: Transaction) async throws -> Int {
        try await transaction.query("SELECT pg_stat_get_xact_numscans(to_regclass('core.' || \(index)))")[0]
            .decode(Int.self)
    }
}
