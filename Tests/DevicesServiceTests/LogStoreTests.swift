import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct LogStoreTests {
    @Test func `a page looks through so many entries, and the next one goes on behind them`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let id = try #require(UUID(uuidString: device.id))
        try await server.service.query(
            """
            INSERT INTO devices.logs (organization_id, device_id, time, digest, level, message)
            SELECT \(organization.id), \(id), now() - place * interval '1 s', place, 0,
                CASE WHEN place = \(LogStore.scanLimit + 5) THEN 'needle' ELSE 'hay ' || place END
            FROM generate_series(1, \(LogStore.scanLimit + 10)) AS place
            """)
        let path = "\(device.path)/logs?q=needle"
        let first = try await organization.admin.get(path).json
        #expect(first["items"] == [])
        let cursor = try #require(first["next_cursor"].string)
        let second = try await organization.admin.get("\(path)&cursor=\(cursor)").json
        #expect(second["items"].array?.compactMap(\.["message"].string) == ["needle"])
        #expect(second["next_cursor"].isNull)
        let trouble = try await organization.admin.get("\(device.path)/logs?level=warning").json
        #expect(trouble["items"] == [] && trouble["next_cursor"].isNull)
    }

    @Test func `a partition is dropped when all in it is too old, and made when it is missing`() async throws {
        let database = try await DevicesServer.makeDatabase()
        try await withClient(database.ownerConfiguration(.devices)) { owner in
            _ = try await owner.query("CREATE TABLE devices.logs_20200102 (LIKE devices.logs INCLUDING ALL)")
            _ = try await owner.query(
                """
                ALTER TABLE devices.logs ATTACH PARTITION devices.logs_20200102
                FOR VALUES FROM ('2020-01-02T00:00Z') TO ('2020-01-09T00:00Z')
                """)
        }
        let before = try await Self.partitions(of: database)
        try await withClient(database.ownerConfiguration(.devices)) { owner in
            _ = try await owner.query(
                """
                DO $$ BEGIN
                    EXECUTE (SELECT 'DROP TABLE devices.' || max(relname) FROM pg_inherits JOIN pg_class ON oid = inhrelid
                        WHERE inhparent = 'devices.logs'::regclass);
                END $$
                """)
        }
        #expect(before.first == "logs_20200102")
        try await withClient(database.configuration(.devices)) { client in
            let partitions = LogPartitions(database: client)
            // A device that logs waits for what is missing, and not for what is to go.
            try await partitions.ensure()
            #expect(try await Self.partitions(of: database) == before)
            try await partitions.keep()
        }
        #expect(try await Self.partitions(of: database) == Array(before.dropFirst()))
    }

    private static func partitions(of database: TestDatabase) async throws -> [String] {
        try await withClient(database.administrator) { client in
            try await client.query(
                """
                SELECT relname::text FROM pg_inherits JOIN pg_class ON oid = inhrelid
                WHERE inhparent = 'devices.logs'::regclass ORDER BY relname
                """
            ).map { try $0.decode(String.self) }
        }
    }

    @Test func `who reaches around the table for a partition finds nothing there`() async throws {
        let database = try await DevicesServer.makeDatabase()
        let organization = UUID()
        try await withClient(database.administrator) { client in
            _ = try await client.query(
                """
                INSERT INTO devices.logs (organization_id, device_id, time, digest, level, message)
                VALUES (\(organization), \(UUID()), now(), 1, 1, 'x')
                """)
        }
        let partition: SQL = """
            SELECT coalesce(sum((xpath('/row/count/text()', query_to_xml(
                format('SELECT count(*) FROM devices.%I', relname), false, true, '')))[1]::text::bigint), 0)::bigint
            FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'devices.logs'::regclass
            """
        let whole: SQL = "SELECT count(*) FROM devices.logs"
        try await withClient(database.configuration(.devices)) { client in
            for (scope, expected) in [
                (Scope.organization(organization), [1, 0]), (.organization(UUID()), [0, 0]), (.none, [0, 0]),
                (.platform, [1, 0]),
            ] {
                let counts = try await client.batch([whole, partition], as: scope).map {
                    try $0.first?.decode(Int.self)
                }
                #expect(counts == expected)
            }
        }
    }
}
