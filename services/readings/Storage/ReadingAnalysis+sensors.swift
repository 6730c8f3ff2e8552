import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// The sensor types of the series that the filter lets through.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit``.
    /// - Throws: `PostgresError`.
    func sensorTypes(
        _ filter: SeriesFilter, _ page: PageRequest<String>, organization: UUID
    ) async throws -> [SensorTypeUse] {
        let rows = try await reads.transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT sensor_type, (array_agg(unit ORDER BY unit, kind))[:50],
                    (array_agg(kind ORDER BY unit, kind))[:50], (array_agg(count ORDER BY unit, kind))[:50]
                FROM (
                    SELECT s.sensor_type, s.unit, s.kind, count(*) AS count
                    FROM readings.series AS s WHERE \(filter.conditions(organization)) GROUP BY 1, 2, 3) AS used
                GROUP BY sensor_type HAVING true \(page.keyset(by: "sensor_type"))
                """)
        }
        return try rows.map { row in
            let (name, units, kinds, counts) = try row.decode(String.self, [String].self, [Int16].self, [Int].self)
            return SensorTypeUse(
                name: name,
                series: zip(units, zip(kinds, counts)).map { unit, rest in
                    SensorTypeUse.Count(unit: unit, kind: ValueKind(rawValue: rest.0) ?? .number, count: rest.1)
                })
        }
    }
}
