import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

/// Each point of row security that the design relies on.
struct RowSecurityTests {
    private let first = UUID.v7()
    private let second = UUID.v7()

    private func withTwoTenants(_ body: @Sendable (PostgresClient, PostgresClient) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await withClient(database.configuration(.devices)) { devices in
                for organization in [first, second] {
                    let device = Entity(
                        id: UUID.v7(), organizationID: organization, type: "device.esp32", name: "of \(organization)")
                    _ = try await devices.batch([device.insert], as: .organization(organization))
                }
                try await withClient(database.configuration(.auth)) { try await body(devices, $0) }
            }
        }
    }

    private func names(_ client: PostgresClient, _ scope: Scope) async throws -> [String] {
        try await client.query("SELECT name FROM core.entities ORDER BY name", as: scope).map { try $0.decode(at: 0) }
    }

    @Test func `a tenant sees its own rows, the platform role all of them, and without a tenant there are none`()
        async throws
    {
        try await withTwoTenants { devices, _ in
            let ofFirst = try await names(devices, .organization(first))
            let ofSecond = try await names(devices, .organization(second))
            let ofAll = try await names(devices, .platform)
            let ofNobody = try await names(devices, .none)
            #expect(ofFirst == ["of \(first)"])
            #expect(ofSecond == ["of \(second)"])
            #expect(Set(ofAll) == ["of \(first)", "of \(second)"])
            #expect(ofNobody.isEmpty)
        }
    }

    @Test func `after a transaction the setting is empty and still shows nothing`() async throws {
        try await TestDatabase.with { database in
            var configuration = database.configuration(.devices)
            configuration.pipelinedConnections = 1
            try await withClient(configuration) { client in
                _ = try await client.query("SELECT 1", as: .organization(first))
                let setting = try await client.query("SELECT current_setting('lms.organization_id', true)")
                let text = try setting[0].decode(String?.self, at: 0)
                let seen = try await names(client, .none)
                #expect(text == "")
                #expect(seen.isEmpty)
            }
        }
    }

    @Test func `a row cannot be written for another tenant`() async throws {
        try await withTwoTenants { devices, _ in
            let stray = Entity(id: UUID.v7(), organizationID: second, type: "device.esp32", name: "stray")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await devices.batch([stray.insert], as: .organization(first))
            }
            #expect(error?.sqlState == .insufficientPrivilege)
        }
    }

    @Test func `a service writes only the entity types that are its own`() async throws {
        try await withTwoTenants { devices, auth in
            let project = Entity(id: UUID.v7(), organizationID: first, type: "project", name: "p")
            await #expect(throws: PostgresError.self) {
                _ = try await devices.batch([project.insert], as: .organization(first))
            }
            _ = try await auth.batch([project.insert], as: .organization(first))
            let device = Entity(id: UUID.v7(), organizationID: first, type: "device.esp32", name: "d")
            await #expect(throws: PostgresError.self) {
                _ = try await auth.batch([device.insert], as: .organization(first))
            }
        }
    }

    @Test func `the event log takes rows and gives none up`() async throws {
        try await withTwoTenants { devices, _ in
            let entry = AuditEntry(
                type: "device.updated", entityID: UUID.v7(), organizationID: first, actor: .emptyObject)
            _ = try await devices.batch([entry.insert], as: .organization(first))
            let own = try await devices.query("SELECT id FROM core.events", as: .organization(first))
            let foreign = try await devices.query("SELECT id FROM core.events", as: .organization(second))
            #expect(own.count == 1)
            #expect(foreign.isEmpty)
            for statement: SQL in ["DELETE FROM core.events", "UPDATE core.events SET event_type = 'x'"] {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await devices.query(statement, as: .organization(first))
                }
                #expect(error?.sqlState == .insufficientPrivilege)
            }
        }
    }

    /// Why the keys are composite: with the id alone, a tenant could refer to another one's row and learn that it exists.
    @Test func `a foreign key is checked without row security`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.ownerConfiguration(.devices)) { owner in
                try await owner.withTransaction { transaction in
                    try await transaction.run(
                        script: """
                            CREATE TABLE devices.racks (id int PRIMARY KEY, organization_id uuid NOT NULL);
                            CREATE TABLE devices.shelves (rack int REFERENCES devices.racks);
                            ALTER TABLE devices.racks ENABLE ROW LEVEL SECURITY;
                            CREATE POLICY tenant ON devices.racks
                                USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
                            """)
                }
                _ = try await owner.query("INSERT INTO devices.racks VALUES (1, \(second))")
            }
            try await withClient(database.configuration(.devices)) { client in
                let seen = try await client.query("SELECT id FROM devices.racks", as: .organization(first))
                #expect(seen.isEmpty)
                let inserted = try await client.query(
                    "INSERT INTO devices.shelves VALUES (1) RETURNING rack", as: .organization(first))
                #expect(inserted.count == 1)
            }
        }
    }

    @Test func `a relationship cannot cross tenants, since its keys are composite`() async throws {
        try await withTwoTenants { devices, auth in
            let ids = try await devices.query("SELECT id FROM core.entities", as: .platform)
                .map { try $0.decode(UUID.self, at: 0) }
            let error = await #expect(throws: PostgresError.self) {
                _ = try await auth.query(
                    """
                    INSERT INTO core.relationships (id, organization_id, from_entity, to_entity, relationship_type)
                    VALUES (\(UUID.v7()), \(first), \(ids[0]), \(ids[1]), 'near')
                    """, as: .organization(first))
            }
            #expect(error?.sqlState == .foreignKeyViolation)
        }
    }

    @Test func `a service sees only its own part of the outbox`() async throws {
        try await withTwoTenants { devices, auth in
            let insert: SQL =
                "INSERT INTO core.outbox (id, source, stream, event) VALUES (\(UUID.v7()), 'devices', 's', '{}')"
            _ = try await devices.query(insert)
            let own = try await devices.query("SELECT id FROM core.outbox", as: .platform)
            let foreign = try await auth.query("SELECT id FROM core.outbox", as: .platform)
            #expect(own.count == 1)
            #expect(foreign.isEmpty)
            let forged: SQL =
                "INSERT INTO core.outbox (id, source, stream, event) VALUES (\(UUID.v7()), 'devices', 's', '{}')"
            await #expect(throws: PostgresError.self) { _ = try await auth.query(forged) }
        }
    }
}
