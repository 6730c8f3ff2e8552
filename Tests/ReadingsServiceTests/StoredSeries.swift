import Foundation
import Kernel
import Postgres
import TestKit

@testable import ReadingsService

/// A series whose readings were put into the table without a request, of any age and number.
struct StoredSeries: Sendable {
    let id: Int64
    let device: UUID
    let organization: UUID
    let database: TestDatabase

    /// Makes the series, with a reading at each of the times and the partitions that they need.
    static func make(
        in database: TestDatabase, of organization: UUID = UUID.v7(), device: UUID = UUID.v7(), sensor: String = "t",
        times: [Timestamp]
    ) async throws -> StoredSeries {
        let id = try await withClient(database.administrator) { client in
            let rows = try await client.query(
                """
                INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                VALUES (\(organization), \(device), \(sensor), '', 0) RETURNING id
                """)
            let id = try rows[0].decode(Int64.self)
            let weeks = Set(times.map { $0.microseconds / 604_800_000_000 }).sorted()
            _ = try await client.batch([
                "SELECT readings.ensure_partitions(\(weeks))",
                """
                INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
                SELECT \(id), time, number, 2, 0 FROM unnest(\(times)) WITH ORDINALITY AS row (time, number)
                """,
            ])
            return id
        }
        return StoredSeries(id: id, device: device, organization: organization, database: database)
    }

    /// Lets the organization have a plan that keeps readings for so many days; nil is without limit.
    ///
    /// - Parameter shortened: Since when that is shorter than before.
    func keep(planDays: Int?, since shortened: Timestamp? = nil) async throws {
        try await execute(
            """
            INSERT INTO readings.limits (organization_id, plan, retention_days, shortened_at, version)
            VALUES (\(organization), 'pro', \(planDays), \(shortened), 1)
            ON CONFLICT (organization_id) DO UPDATE SET
                retention_days = excluded.retention_days, shortened_at = excluded.shortened_at
            """)
    }

    func keep(deviceDays: Int) async throws {
        try await execute(
            """
            INSERT INTO readings.retentions (organization_id, device_id, days)
            VALUES (\(organization), \(device), \(deviceDays))
            """)
    }

    /// Adds rows to a table of rollups.
    func rollUp(in table: SQL, at times: [Timestamp]) async throws {
        try await execute(
            """
            INSERT INTO \(table) (series_id, time, moments, minimum, maximum, first, last)
            SELECT \(id), time, '{1,1,0}', 1, 1, 1, 1 FROM unnest(\(times)) AS row (time)
            """)
    }

    /// The times that a table with the key (`series_id`, `time`) has of it, in order.
    func times(in table: SQL = "readings.readings") async throws -> [Timestamp] {
        try await execute("SELECT time FROM \(table) WHERE series_id = \(id) ORDER BY time")
            .map { try $0.decode(Timestamp.self) }
    }

    /// The hours whose rollups are to be made anew, in order.
    func staleHours() async throws -> [Timestamp] {
        try await execute("SELECT hour FROM readings.stale_hours WHERE series_id = \(id) ORDER BY hour")
            .map { try $0.decode(Timestamp.self) }
    }

    @discardableResult
    private func execute(_ sql: SQL) async throws -> Rows {
        try await withClient(database.administrator) { try await $0.query(sql) }
    }
}

extension Timestamp {
    /// The beginning of its day, UTC.
    var midnight: Timestamp { Timestamp(microseconds: microseconds - microseconds % 86_400_000_000) }

    func adding(days: Int = 0, hours: Int = 0, minutes: Int = 0) -> Timestamp {
        adding(.seconds(days * 86_400 + hours * 3600 + minutes * 60))
    }
}
