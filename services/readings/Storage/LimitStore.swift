import FoundationEssentials
import Postgres

/// What billing says that organizations may send, and for how long it is kept.
struct LimitStore: Sendable {
    /// Keeps the newest version, and since when readings are kept for a shorter time than before.
    func keep(
        _ limits: IngestLimits, retentionDays: Int?, of organization: UUID, version: Int, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO readings.limits (
                organization_id, plan, readings_per_month, readings_per_minute, retention_days, shortened_at, version)
            VALUES (\(organization), \(limits.plan), \(limits.readingsPerMonth), \(limits.readingsPerMinute),
                \(retentionDays), now(), \(version))
            ON CONFLICT (organization_id) DO UPDATE SET
                plan = excluded.plan, readings_per_month = excluded.readings_per_month,
                readings_per_minute = excluded.readings_per_minute, retention_days = excluded.retention_days,
                shortened_at = CASE
                    WHEN excluded.retention_days < coalesce(limits.retention_days, \(Int.max)) THEN excluded.shortened_at
                    ELSE limits.shortened_at END,
                version = excluded.version
            WHERE excluded.version > limits.version
            """)
    }
}
