import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

struct UUIDv7Tests {
    @Test func `ids carry version, variant and time, and sort by it`() {
        let early = UUID.v7(at: Timestamp(microseconds: 1_700_000_000_000_000))
        let late = UUID.v7(at: Timestamp(microseconds: 1_700_000_000_001_000))
        #expect(early.text < late.text)
        #expect(Array(early.text)[14] == "7")
        #expect("89ab".contains(Array(early.text)[19]))
        #expect(early.text.hasPrefix("018bcfe5-6800-7"))
    }

    @Test func `the ids of one process sort in the order of their making`() {
        let ids = (0..<5000).map { _ in UUID.v7().text }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
    }
}

struct UUIDDigitsTests {
    @Test func `an id is read from its digits in either case`() {
        for id in (0..<100).map({ _ in UUID() }) {
            #expect(UUID(digits: id.uuidString.utf8.span) == id)
            #expect(UUID(digits: id.text.utf8.span) == id)
        }
    }

    @Test(arguments: [
        "", "018bcfe5-6800-7000-8000-00000000000", "018bcfe5-6800-7000-8000-0000000000000",
        "018bcfe5-6800-7000-8000-00000000000g", "018bcfe5_6800-7000-8000-000000000000",
        "018bcfe56800-7000-8000-0000000000000", "018bcfe5-6800-7000-80000-00000000000",
        "{18bcfe5-6800-7000-8000-00000000000}", "018bcfe5-6800-7000-8000-00000000000\u{e9}",
        "+18bcfe5-6800-7000-8000-000000000000",
    ])
    func `nothing else is one`(text: String) {
        #expect(UUID(digits: text.utf8.span) == nil)
    }
}

struct BootstrapTests {
    @Test func `running it again, and many times at once, changes nothing`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                func applied() async throws -> [(String, Int, Timestamp)] {
                    try await client.query(
                        "SELECT service, version, applied_at FROM core.schema_migrations ORDER BY 1, 2"
                    ).map { try $0.decode(String.self, Int.self, Timestamp.self) }
                }
                let before = try await applied()
                let bootstrap = Bootstrap(roles: database.roles, secretKey: database.secretKey, administrator: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await bootstrap.run() } }
                    try await group.waitForAll()
                }
                let after = try await applied()
                #expect(!before.isEmpty)
                #expect(after.elementsEqual(before, by: ==))
            }
        }
    }

    /// Roles and their memberships are the cluster's, so no lock of one database keeps the runs apart.
    @Test func `databases of one cluster can be made at once`() async throws {
        let servers = try await TestServers.shared()
        let existing = try await TestDatabase.make()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let name = try await servers.createDatabase()
                    try await withClient(servers.administrator.inDatabase(name)) { client in
                        try await Bootstrap(
                            roles: existing.roles, secretKey: existing.secretKey, administrator: client
                        ).run()
                    }
                    try await servers.dropDatabase(name)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a role reaches no other service's schema`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.ownerConfiguration(.devices)) { owner in
                _ = try await owner.query("CREATE TABLE devices.things (id int8)")
            }
            try await withClient(database.configuration(.devices)) { client in
                let things = try await client.query("SELECT id FROM devices.things")
                #expect(things.isEmpty)
            }
            try await withClient(database.configuration(.billing)) { client in
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await client.query("SELECT id FROM devices.things")
                }
                #expect(error?.sqlState == .insufficientPrivilege)
            }
        }
    }
}
