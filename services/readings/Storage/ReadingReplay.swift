import EventBus
import FoundationEssentials
import HTTPKit
import Postgres

/// Reads stored readings again in the order in which rules take them: device by device, and those of each by time.
struct ReadingReplay: Sendable {
    /// Whose readings, of which sensors.
    struct Selection: Sendable {
        let devices: [UUID]
        let sensorTypes: [String]
        let range: TimeRange
    }

    /// Where a page ended.
    struct Position: Codable, Sendable {
        let device: UUID
        let time: Timestamp
        let sensorType: String

        enum CodingKeys: String, CodingKey {
            case device = "d"
            case time = "t"
            case sensorType = "s"
        }
    }

    /// After so long no further device is begun with, so that who asks, and waits for a second, is answered.
    private static let patience = Duration.milliseconds(400)

    let reads: LongReads

    /// The readings behind a position, at most `limit` of them.
    ///
    /// - Returns: The readings, and where they end unless no more are behind them.
    /// - Throws: `PostgresError`.
    func page(
        _ selection: Selection, after: Position?, limit: Int, organization: UUID
    ) async throws -> (readings: TelemetryEntry, next: Position?) {
        try await reads.transaction(for: organization) { transaction in
            try await Self.page(selection, after: after, limit: limit, organization, transaction)
        }
    }

    private static func page(
        _ selection: Selection, after: Position?, limit: Int, _ organization: UUID, _ transaction: Transaction
    ) async throws -> (readings: TelemetryEntry, next: Position?) {
        let end = ContinuousClock.now.advanced(by: patience)
        var readings = TelemetryEntry()
        var finished: UUID?
        for device in try await devices(selection, from: after?.device, organization, transaction) {
            if ContinuousClock.now > end, let finished, finished != after?.device {
                // Behind all that the device has in the range.
                return (readings, Position(device: finished, time: selection.range.end, sensorType: ""))
            }
            let rows = try await transaction.query(
                query(
                    device, selection, after: after?.device == device ? after : nil, limit: limit - readings.count,
                    organization))
            for row in rows {
                let (sensor, time, value, quality) = try row.decode(
                    String.self, Timestamp.self, Double?.self, Int16.self)
                readings.append(sensor, of: device, in: organization, at: time, value: value ?? .nan, quality: quality)
                guard readings.count < limit else {
                    return (readings, Position(device: device, time: time, sensorType: sensor))
                }
            }
            finished = device
        }
        return (readings, nil)
    }

    /// The devices that have any of the sensors, by id.
    private static func devices(
        _ selection: Selection, from first: UUID?, _ organization: UUID, _ transaction: Transaction
    ) async throws -> [UUID] {
        let isFurther: SQL = first.map { "AND device_id >= \($0)" } ?? ""
        let rows = try await transaction.query(
            """
            SELECT DISTINCT device_id FROM readings.series
            WHERE organization_id = \(organization) AND device_id = ANY(\(selection.devices))
                AND sensor_type = ANY(\(selection.sensorTypes)) \(isFurther)
            ORDER BY device_id
            """)
        return try rows.map { try $0.decode(UUID.self) }
    }

    /// Of each series no more is read than the page may take: one more than that, for the reading at the position.
    private static func query(
        _ device: UUID, _ selection: Selection, after: Position?, limit: Int, _ organization: UUID
    ) -> SQL {
        let isBehind: SQL = after.map { "AND (r.time, s.sensor_type) > (\($0.time), \($0.sensorType))" } ?? ""
        return """
            SELECT s.sensor_type, r.time, r.value, r.quality
            FROM readings.series AS s
            CROSS JOIN LATERAL (
                SELECT time, value, quality FROM readings.readings
                WHERE series_id = s.id AND time >= \(after?.time ?? selection.range.start)
                    AND time < \(selection.range.end)
                ORDER BY time LIMIT \(limit + 1)
            ) AS r
            WHERE s.organization_id = \(organization) AND s.device_id = \(device)
                AND s.sensor_type = ANY(\(selection.sensorTypes)) \(isBehind)
            ORDER BY r.time, s.sensor_type LIMIT \(limit)
            """
    }
}
