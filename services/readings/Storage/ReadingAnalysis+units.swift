import FoundationEssentials
import Postgres

extension ReadingAnalysis {
    /// Makes sure that all series that the filter lets through convert into a unit, whether or not they have readings in
    /// the range that is looked at, so that an answer does not depend on its page. All of them may have to be looked at.
    ///
    /// - Throws: ``UnitMismatch`` for the first that does not, by device and sensor type; `PostgresError`.
    func check(_ unit: MeasurementUnit, suits filter: SeriesFilter, organization: UUID) async throws {
        let rows = try await reads.transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT s.sensor_type, s.kind, s.unit FROM readings.series AS s
                WHERE \(filter.conditions(organization))
                    AND (s.kind <> \(ValueKind.number.rawValue) OR s.unit <> ALL(\(unit.related.map(\.symbol))))
                ORDER BY s.device_id, s.sensor_type LIMIT 1
                """)
        }
        guard let (sensor, kind, recorded) = try rows.first?.decode(String.self, Int16.self, String.self) else {
            return
        }
        throw UnitMismatch(
            sensorType: sensor, kind: ValueKind(rawValue: kind) ?? .number, recorded: recorded, asked: unit)
    }
}
