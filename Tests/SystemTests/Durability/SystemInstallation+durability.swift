import Foundation
import Postgres
import TestKit
import Testing

extension SystemInstallation {
    /// Compares what was acknowledged with the table, row by row.
    func checkReadings(of load: Load) async throws {
        let rows = try await query(
            """
            SELECT s.device_id::text, s.sensor_type, r.value, extract(epoch FROM r.time)::float8
            FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
            WHERE s.device_id = ANY(\(load.devices.compactMap { UUID(uuidString: $0.id) }))
            """)
        let numbers = Dictionary(uniqueKeysWithValues: load.devices.enumerated().map { ($1.id, $0) })
        var stored: Set<Load.Reading> = []
        for row in rows {
            let (device, sensor, value, time) = try row.decode(String.self, String.self, Double.self, Double.self)
            #expect(value == time)
            let reading = Load.Reading(device: numbers[device] ?? -1, sensor: sensor, second: Int(value))
            #expect(stored.insert(reading).inserted, "\(reading) is there twice")
        }
        #expect(load.acknowledged.count > 100)
        #expect(load.acknowledged.subtracting(stored).isEmpty, "acknowledged, and not in the table")
    }

    /// Waits until everything that was committed is published, and counted exactly once.
    func checkUsage() async throws {
        try await eventually(within: .seconds(60)) { try await query("SELECT 1 FROM readings.batches").isEmpty }
        let stored = try await count("SELECT count(*) FROM readings.readings")
        try await eventually(within: .seconds(30)) {
            try await count("SELECT coalesce(sum(readings), 0)::int8 FROM billing.usage_daily") == stored
        }
    }

    /// Waits until every reading of `sensors` has one open alert, and checks that there is no other alert.
    func checkAlerts(on sensors: [String], of load: Load) async throws {
        let expected = load.devices.count * sensors.count
        try await eventually(within: .seconds(60)) {
            try await query(
                """
                SELECT 1 FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
                JOIN alerts.alerts AS a ON a.device_id = s.device_id AND a.sensor_type = s.sensor_type
                WHERE s.sensor_type = ANY(\(sensors)) AND a.status = 'active' AND a.value = r.value AND a.count = 1
                """
            ).count == expected
        }
        #expect(try await count("SELECT count(*) FROM alerts.alerts") == expected)
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await query(sql)[0].decode(Int.self, at: 0)
    }
}
