import FoundationEssentials
import Postgres

/// What organizations have stored this month, all instances together, and what they may.
struct UsageStore: Sendable {
    private static let month: SQL = "date_trunc('month', now() AT TIME ZONE 'UTC')::date"

    let database: PostgresClient

    /// Adds what this instance has stored, in one transaction and one round trip, and answers how the organizations stand
    /// with that. The month is the database's, so that instances agree on it.
    ///
    /// - Parameter counts: Of each organization, also 0.
    /// - Throws: `PostgresError`; then nothing was added, except after `connectionLost` and `timedOut`, where that is not
    ///   known.
    func exchange(_ counts: [UUID: Int]) async throws -> [UUID: UsageReport] {
        guard !counts.isEmpty else { return [:] }
        let added = counts.filter { $0.value > 0 }
        let statements = (added.isEmpty ? [] : [Self.add(added)]) + [Self.select(Array(counts.keys))]
        let rows = try await database.batch(statements, as: .platform)
        guard let standings = rows.last else { return [:] }
        return try standings.reduce(into: [:]) { reports, row in
            let (organization, plan, perMonth, perMinute, stored) = try row.decode(
                UUID.self, String?.self, Int?.self, Int?.self, Int.self)
            let limits = plan.map { IngestLimits(plan: $0, readingsPerMonth: perMonth, readingsPerMinute: perMinute) }
            reports[organization] = UsageReport(limits: limits, stored: stored)
        }
    }

    /// In the order of their ids, so that no two instances wait for each other; nothing for an organization that is no
    /// more.
    private static func add(_ counts: [UUID: Int]) -> SQL {
        """
        INSERT INTO readings.monthly_usage AS known (organization_id, month, readings)
        SELECT organization_id, \(month), readings
        FROM unnest(\(Array(counts.keys)), \(Array(counts.values))) AS added (organization_id, readings)
        WHERE organization_id NOT IN (SELECT organization_id FROM readings.removals)
        ORDER BY organization_id
        ON CONFLICT (organization_id) DO UPDATE SET
            month = excluded.month,
            readings = excluded.readings + CASE known.month WHEN excluded.month THEN known.readings ELSE 0 END
        WHERE known.month <= excluded.month
        """
    }

    private static func select(_ organizations: [UUID]) -> SQL {
        """
        SELECT asked.organization_id, limits.plan, limits.readings_per_month, limits.readings_per_minute,
            coalesce(known.readings, 0)
        FROM unnest(\(organizations)) AS asked (organization_id)
        LEFT JOIN readings.limits ON limits.organization_id = asked.organization_id
        LEFT JOIN readings.monthly_usage AS known
            ON known.organization_id = asked.organization_id AND known.month = \(month)
        """
    }
}
