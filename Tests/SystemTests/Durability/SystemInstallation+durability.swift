import Foundation
import LocalStack
import Postgres
import TestKit
import Testing

extension SystemInstallation {
    /// Compares what was acknowledged with the table, row by row: where the devices sent until all was acknowledged, neither
    /// has anything that the other has not.
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
        if load.isComplete {
            #expect(stored.subtracting(load.acknowledged).isEmpty, "in the table, and not acknowledged")
        }
    }

    /// Waits until everything that was committed is published, and counted exactly once.
    func checkUsage() async throws {
        try await eventually(within: .seconds(120)) { try await query("SELECT 1 FROM readings.batches").isEmpty }
        let stored = try await count("SELECT count(*) FROM readings.readings")
        try await eventually(within: .seconds(120)) {
            try await count("SELECT coalesce(sum(readings), 0)::int8 FROM billing.usage_daily") == stored
        }
    }

    /// Waits until every reading of `sensors` has one open alert, and checks that there is no other alert.
    func checkAlerts(on sensors: [String], of load: Load) async throws {
        let expected = load.devices.count * sensors.count
        try await eventually(within: .seconds(120)) {
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

    /// Waits until the rollups are kept up with the readings, all of which are of hours that have ended, and compares every
    /// hour, minute and day with what the readings come to.
    func checkRollups() async throws {
        try await eventually(within: .seconds(120)) {
            try await query("SELECT 1 FROM readings.batches UNION ALL SELECT 1 FROM readings.stale_hours").isEmpty
        }
        #expect(try await count("SELECT count(*) FROM readings.rollup_1h") > 0)
        for (level, table, width, leastOfHour) in [
            ("hours", "readings.rollup_1h", "'1 hour'", 1), ("days", "readings.rollup_1d", "'1 day'", 1),
            // Minutes are kept of hours with many readings alone.
            ("minutes", "readings.rollup_1m", "'1 minute'", 240),
        ] as [(String, SQL, SQL, Int)] {
            let differences = try await differences(of: table, from: width, leastOfHour)
            #expect(differences.isEmpty, "\(differences.count) \(level) differ")
        }
    }

    /// The rollups that are not what the readings come to, and what these come to where that is not among the rollups. Sums
    /// are of whole numbers, so that they are exact in any order.
    private func differences(of table: SQL, from width: SQL, _ leastOfHour: Int) async throws -> Rows {
        try await query(
            """
            WITH computed AS (
                SELECT series_id, date_bin(\(width), time, 'epoch'), count(*)::float8, sum(value), min(value),
                    max(value), (array_agg(value ORDER BY time))[1], (array_agg(value ORDER BY time DESC))[1]
                FROM (
                    SELECT *, count(*) OVER (PARTITION BY series_id, date_bin('1 hour', time, 'epoch')) AS of_hour
                    FROM readings.readings) AS r
                WHERE of_hour >= \(leastOfHour) GROUP BY 1, 2
            ), kept AS (
                SELECT series_id, time, moments[1], moments[2], minimum, maximum, first, last FROM \(table)
            )
            (TABLE computed EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE computed)
            """)
    }

    /// The processes of the services, to see that none was started again.
    func processIDs() async -> [Component: Int32] {
        var ids: [Component: Int32] = [:]
        for (component, process) in stack.services { ids[component] = await process.processID }
        return ids
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await query(sql)[0].decode(Int.self, at: 0)
    }
}

extension Owner {
    /// An alert for every reading of `sensor`.
    ///
    /// - Parameters:
    ///   - device: Whose; nil for any device's.
    ///   - channel: Who is told of it; nil for nobody.
    func rule(on sensor: String, of device: Device? = nil, telling channel: String? = nil) async throws {
        let response = try await api.post(
            "/api/v1/alerts/rules",
            [
                "name": .string(sensor), "scope": device.map { ["device_ids": [.string($0.id)]] } ?? ["all": true],
                "kind": "threshold", "sensor_type": .string(sensor), "condition": "gt", "threshold_value": 0,
                "severity": "low", "channel_ids": .array(channel.map { [.string($0)] } ?? []),
            ])
        guard response.status == 201 else { throw UnexpectedAnswer(response: response) }
    }

    /// A channel that posts to `url`.
    func webhook(to url: String) async throws -> String {
        let response = try await api.post(
            "/api/v1/alerts/channels", ["name": "hook", "type": "webhook", "url": .string(url)])
        guard response.status == 201, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return id
    }
}
