import Kernel
import Postgres
import TestKit
import Testing

/// What TimescaleDB does with row security, which decides where the policies stand.
@Suite(.enabled("needs TimescaleDB") { try await TestServers.shared().hasTimescaleDB() })
struct TimescaleSecurityTests {
    /// An owner, with a hypertable `readings.samples`.
    private func withHypertable(_ body: @Sendable (PostgresClient) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await withClient(database.ownerConfiguration(.readings)) { owner in
                _ = try await owner.batch([
                    "CREATE TABLE readings.samples (time timestamptz NOT NULL, organization_id uuid, value float8)",
                    "SELECT create_hypertable('readings.samples', 'time')",
                ])
                try await body(owner)
            }
        }
    }

    @Test func `a table with row security cannot be compressed`() async throws {
        try await withHypertable { owner in
            _ = try await owner.query("ALTER TABLE readings.samples ENABLE ROW LEVEL SECURITY")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await owner.query("ALTER TABLE readings.samples SET (timescaledb.compress)")
            }
            #expect(error.map { "\($0)".contains("row security") } == true)
        }
    }

    @Test func `a compressed table cannot be given row security`() async throws {
        try await withHypertable { owner in
            _ = try await owner.query("ALTER TABLE readings.samples SET (timescaledb.compress)")
            await #expect(throws: PostgresError.self) {
                _ = try await owner.query("ALTER TABLE readings.samples ENABLE ROW LEVEL SECURITY")
            }
        }
    }

    @Test func `a table with row security has no continuous aggregates`() async throws {
        try await withHypertable { owner in
            let aggregate: SQL = """
                CREATE MATERIALIZED VIEW readings.hourly WITH (timescaledb.continuous) AS
                SELECT time_bucket('1 hour', time) AS bucket, max(value) FROM readings.samples GROUP BY 1 WITH NO DATA
                """
            _ = try await owner.query("ALTER TABLE readings.samples ENABLE ROW LEVEL SECURITY")
            let error = await #expect(throws: PostgresError.self) { _ = try await owner.query(aggregate) }
            #expect(error.map { "\($0)".contains("row security") } == true)
            _ = try await owner.query("ALTER TABLE readings.samples DISABLE ROW LEVEL SECURITY")
            _ = try await owner.query(aggregate)
        }
    }
}
