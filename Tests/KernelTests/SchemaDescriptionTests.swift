import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Kernel

struct SchemaDescriptionTests {
    /// What differs in a database in which somebody has run `statements`.
    private func differences(after statements: String...) async throws -> [String] {
        let migrated = try await TestDatabase.with { database in
            try await withClient(database.administrator) { try await SchemaDescription(of: $0) }
        }
        return try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                for statement in statements { try await client.run(statement: statement) }
                return migrated.differences(of: try await SchemaDescription(of: client))
            }
        }
    }

    @Test func `two databases that the migrations made do not differ`() async throws {
        let differences = try await differences()
        #expect(differences == [])
    }

    @Test(arguments: [
        ("DROP INDEX core.outbox_by_source", ["index core.outbox_by_source is missing"]),
        ("ALTER TABLE core.entities ADD COLUMN nickname text", ["column core.entities.nickname is in no migration"]),
        (
            "ALTER TABLE core.entities ALTER COLUMN version TYPE bigint",
            ["column core.entities.version is \"bigint NOT NULL DEFAULT 1\" and not \"integer NOT NULL DEFAULT 1\""]
        ),
        (
            "ALTER TABLE core.entities DISABLE ROW LEVEL SECURITY",
            [
                "table core.entities is \"of test_lms_core_owner\" and not "
                    + "\"of test_lms_core_owner, with row security\""
            ]
        ),
        ("DROP POLICY tenant ON core.entities", ["policy tenant of core.entities is missing"]),
        (
            "ALTER TABLE core.outbox ADD CONSTRAINT short CHECK (length(source) < 9)",
            ["constraint short of core.outbox is in no migration"]
        ),
        ("CREATE TABLE auth.notes (id int PRIMARY KEY)", ["table auth.notes is in no migration"]),
        ("DROP TABLE core.outbox", ["table core.outbox is missing"]),
        (
            "ALTER FUNCTION core.search_entities RESET search_path",
            [
                "function core.search_entities(entity_types text[], name_part text, contained jsonb, behind uuid, "
                    + "newest_first boolean, row_limit integer) is not as the migrations make it"
            ]
        ),
        (
            "REVOKE SELECT ON core.relationships FROM test_lms_billing",
            ["grants on core.relationships differ"]
        ),
    ])
    func `what somebody changed by hand is named`(statement: String, sentences: [String]) async throws {
        let differences = try await differences(after: statement)
        #expect(differences == sentences)
    }

    @Test func `partitions are made while the installation runs and are no difference`() async throws {
        let table = "CREATE TABLE readings.days (at date PRIMARY KEY) PARTITION BY RANGE (at)"
        let partition =
            "CREATE TABLE readings.day_1 PARTITION OF readings.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
        let differences = try await differences(after: table, partition)
        #expect(differences == ["table readings.days is in no migration"])
    }
}
