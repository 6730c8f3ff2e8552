import Kernel
import Logging
import Postgres
import TestKit

@testable import ReadingsService

extension TestDevice {
    /// Waits until the device's readings are in the rollups, as far as their hours have ended, beside the service's own
    /// rounds.
    func rollUp() async throws {
        let database = server.service.database
        try await withClient(database.configuration(.readings)) { client in
            let keeper = RollupKeeper(store: RollupStore(database: client), logger: Logger(label: "test"))
            let end = RollupKeeper.lastEnd(before: .now)
            try await eventually(within: .seconds(30)) {
                try await keeper.round()
                return try await isRolledUp(before: end)
            }
        }
    }

    private func isRolledUp(before end: Timestamp) async throws -> Bool {
        let rows = try await server.service.query(
            """
            SELECT until >= \(end)
                AND NOT EXISTS (
                    SELECT FROM readings.stale_hours JOIN readings.series ON id = series_id
                    WHERE device_id = \(id) AND hour < \(end))
                AND NOT EXISTS (
                    SELECT FROM readings.batches WHERE NOT is_noted AND series_ids && ARRAY(
                        SELECT id FROM readings.series WHERE device_id = \(id)))
            FROM readings.rollup_progress
            """)
        return try rows[0].decode(at: 0)
    }

    /// The device's rows of a table of rollups: when each begins, and of how many readings it is.
    func rollups(_ table: SQL) async throws -> [(time: Timestamp, count: Double)] {
        try await server.service.query(
            """
            SELECT b.time, b.moments[1] FROM \(table) AS b JOIN readings.series AS s ON s.id = b.series_id
            WHERE s.device_id = \(id) ORDER BY b.series_id, b.time
            """
        ).map { try $0.decode(Timestamp.self, Double.self) }
    }

    /// Changes readings by a statement and marks all hours that the device has or had readings of, in one transaction.
    func change(by statement: SQL) async throws {
        let database = server.service.database
        try await withClient(database.administrator) { client in
            _ = try await client.batch([
                """
                INSERT INTO readings.stale_hours AS stale (series_id, hour)
                SELECT DISTINCT r.series_id, \(RollupStore.hour(of: "r.time"))
                FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id WHERE s.device_id = \(id)
                ON CONFLICT (series_id, hour) DO UPDATE SET hour = stale.hour
                """,
                statement,
            ])
        }
    }
}
