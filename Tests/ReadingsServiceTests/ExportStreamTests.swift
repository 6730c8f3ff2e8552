import FoundationEssentials
import Identity
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// Exports whose readers are slow or go; on an instance whose exports nobody else has.
@Suite(.serialized) struct ExportStreamTests {
    private static let rows = 64_000
    private static let server = Task { try await ReadingsServer.start(on: ReadingsServer.makeDatabase()) }
    private static let device = Task { try await fill(server.value.device()) }

    /// A sensor whose texts are 64 MB, many times what the buffers of sockets hold.
    private static func fill(_ device: TestDevice) async throws -> TestDevice {
        let start = Timestamp(microseconds: Timestamp.now.microseconds - 86_400_000_000)
        try await device.store("t", [(start, 1)])
        try await device.server.service.query(
            """
            WITH series AS (
                INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                VALUES (\(device.organization), \(device.id), 'label', '', \(ValueKind.text.rawValue)) RETURNING id)
            INSERT INTO readings.readings (series_id, time, text_value, quality, batch_id)
            SELECT series.id, \(start) + number * interval '1 millisecond', repeat('x', 1000), 2, 0
            FROM series, generate_series(1, \(rows)) AS number
            """)
        return device
    }

    private let path = "/api/v1/readings/export?format=ndjson&sensor_type=label&from=2020-01-01T00:00:00Z"

    private func user() async throws -> TestHTTPClient {
        try await Self.server.value.service.user(.viewer, of: Self.device.value.organization)
    }

    /// How many rows each export has been given by the server.
    private func progress() async throws -> [Int] {
        try await Self.server.value.service.query(
            "SELECT tuples_processed FROM pg_stat_progress_copy WHERE datname = current_database()"
        ).map { try $0.decode(Int.self, at: 0) }
    }

    /// Begins an export whose answer nobody reads for now.
    private func begin(_ user: TestHTTPClient) async throws -> (TestHTTPConnection, TestHTTPExchange) {
        let connection = try await TestHTTPConnection.connect(port: user.port)
        try await connection.setReading(false)
        return (connection, try await connection.begin(.GET, path, headers: user.headers))
    }

    /// Waits until the server has stopped giving rows to the only export, and how many it has given.
    private func rest() async throws -> Int {
        var (last, looks) = (0, 0)
        return try await eventually(within: .seconds(60)) {
            guard let now = try await progress().first else { return nil }
            looks = now == last ? looks + 1 : 0
            last = now
            return now > 0 && looks == 50 ? now : nil
        }
    }

    private func none() async throws {
        try await eventually { try await progress().isEmpty }
    }

    @Test func `the database is read no faster than the reader reads, and all arrives in the end`() async throws {
        let (connection, exchange) = try await begin(try await user())
        #expect(try await rest() < Self.rows / 2)
        try await connection.setReading(true)
        let answer = try await exchange.response(within: .seconds(60))
        #expect(answer.body.count { $0 == UInt8(ascii: "\n") } == Self.rows)
        await connection.close()
        try await none()
    }

    @Test func `an export whose connection to the database breaks is cut, and not complete`() async throws {
        let (connection, exchange) = try await begin(try await user())
        _ = try await rest()
        try await Self.server.value.service.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy WHERE datname = current_database()")
        try await connection.setReading(true)
        #expect(try await exchange.head().status == .ok)
        let error = await #expect(throws: (any Error).self) {
            while try await exchange.nextChunk(within: .seconds(60)) != nil {}
        }
        #expect(!(error is TimedOut))
        await connection.close()
        try await none()
    }

    @Test func `a reader who goes ends the export`() async throws {
        let (connection, _) = try await begin(try await user())
        _ = try await rest()
        await connection.close()
        try await none()
    }

    @Test func `exports beyond an organization's share are 503, until one is over`() async throws {
        // The server's part of another test's export is over before the instance's.
        let server = try await ReadingsServer.start(on: Self.server.value.service.database)
        let user = try await server.service.user(.viewer, of: Self.device.value.organization)
        let share = ReadingExport.maximumUnderWay / 2
        var connections: [TestHTTPConnection] = []
        for _ in 0..<share { connections.append(try await begin(user).0) }
        try await eventually { try await progress().count == share }
        let small = "/api/v1/readings/export?format=json&sensor_type=t&from=2020-01-01T00:00:00Z"
        let refused = try await user.get(small)
        #expect(refused.status == 503 && refused.header("retry-after") == "30")
        let other = try await server.service.user(.viewer, of: .v7())
        #expect(try await other.get(small).status == 200)
        await connections.removeLast().close()
        try await eventually { try await user.get(small).status == 200 }
        for connection in connections { await connection.close() }
        try await none()
    }

    @Test func `a replica whose URL is empty is none`() async throws {
        let server = try await ReadingsServer.start(
            on: Self.server.value.service.database, settings: ["LMS_DATABASE_REPLICA_URL": ""])
        let user = try await server.service.user(.viewer, of: .v7())
        #expect(try await user.get("/api/v1/readings/export?format=json").json == [])
    }

    @Test func `a replica that is set takes exports, and nothing else`() async throws {
        let server = try await ReadingsServer.start(
            on: Self.server.value.service.database,
            settings: ["LMS_DATABASE_REPLICA_URL": "postgresql://nobody@127.0.0.1:1/none"])
        let user = try await server.service.user(.viewer, of: .v7())
        let refused = try await user.get("/api/v1/readings/export")
        #expect(refused.status == 503 && refused.header("retry-after") != nil)
        #expect(try await user.get("/api/v1/readings").status == 200)
    }
}
