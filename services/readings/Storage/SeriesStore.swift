import FoundationEssentials
import Postgres

/// The series of devices.
struct SeriesStore: Sendable {
    let database: PostgresClient

    /// The series of a device by sensor type.
    ///
    /// - Throws: `PostgresError`.
    func series(of device: UUID, organization: UUID) async throws -> [String: Series] {
        try Self.decode(try await database.query(select(device, organization), as: .organization(organization)))
    }

    /// The series of several devices, each by sensor type; a device without any is not among them.
    ///
    /// - Throws: `PostgresError`.
    func series(of devices: [UUID], organization: UUID) async throws -> [UUID: [String: Series]] {
        let rows = try await database.query(
            """
            SELECT device_id, id, sensor_type, unit, kind FROM readings.series
            WHERE organization_id = \(organization) AND device_id = ANY(\(devices))
            """, as: .organization(organization))
        return try rows.reduce(into: [:]) { found, row in
            let (device, id, sensor, unit, kind) = try row.decode(
                UUID.self, Int64.self, String.self, String.self, Int16.self)
            found[device, default: [:]][sensor] = Series(id: id, unit: unit, kind: kind)
        }
    }

    /// Makes the series that are missing and answers all that the device has.
    ///
    /// A sensor that another request made meanwhile keeps the unit and kind it got there.
    /// - Throws: `PostgresError`.
    func create(
        _ sensors: [ReadingColumns.Sensor], of device: UUID, organization: UUID
    ) async throws -> [String: Series] {
        let rows = try await database.batch(
            [
                """
                INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                SELECT \(organization), \(device), sensor_type, unit, kind
                FROM unnest(\(sensors.map(\.name)), \(sensors.map(\.recordedUnit.symbol)),
                    \(sensors.map(\.kind.rawValue))) AS sensor (sensor_type, unit, kind)
                ON CONFLICT (device_id, sensor_type) DO NOTHING
                """,
                select(device, organization),
            ], as: .organization(organization))
        return try Self.decode(rows[1])
    }

    private func select(_ device: UUID, _ organization: UUID) -> SQL {
        """
        SELECT id, sensor_type, unit, kind FROM readings.series
        WHERE organization_id = \(organization) AND device_id = \(device)
        """
    }

    private static func decode(_ rows: Rows) throws -> [String: Series] {
        var series: [String: Series] = [:]
        for row in rows {
            let (id, sensor, unit, kind) = try row.decode(Int64.self, String.self, String.self, Int16.self)
            series[sensor] = Series(id: id, unit: unit, kind: kind)
        }
        return series
    }
}

extension ReadingColumns.Sensor {
    /// The unit of a series that begins with it.
    fileprivate var recordedUnit: MeasurementUnit { unit ?? SensorCatalogue.unit(of: name, kind) }
}

extension Series {
    /// As it is stored.
    fileprivate init(id: Int64, unit: String, kind: Int16) {
        self.init(id: id, unit: MeasurementUnit(unit), kind: ValueKind(rawValue: kind) ?? .number)
    }
}
