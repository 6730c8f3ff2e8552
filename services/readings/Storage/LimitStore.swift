import FoundationEssentials
import Postgres

/// What billing says that organizations may send, and for how long it is kept.
struct LimitStore: Sendable {
    /// Keeps the newest version, and since when readings are kept for a shorter time than before. Of the version that is
    /// known it keeps what was not told before; of an organization that is no more, nothing.
    func keep(
        _ limits: IngestLimits, retentionDays: Int?, of organization: UUID, version: Int, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO readings.limits (
                organization_id, plan, readings_per_month, readings_per_minute, retention_days, shortened_at, version)
            SELECT \(organization), \(limits.plan), \(limits.readingsPerMonth), \(limits.readingsPerMinute),
                \(retentionDays), now(), \(version)
            WHERE NOT EXISTS (SELECT FROM readings.removals WHERE organization_id = \(organization))
            ON CONFLICT (organization_id) DO UPDATE SET
                plan = excluded.plan, readings_per_month = excluded.readings_per_month,
                readings_per_minute = excluded.readings_per_minute, retention_days = excluded.retention_days,
                shortened_at = CASE
                    WHEN excluded.retention_days < coalesce(limits.retention_days, \(Int.max)) THEN excluded.shortened_at
                    ELSE limits.shortened_at END,
                version = excluded.version
            WHERE excluded.version > limits.version
                OR excluded.version = limits.version AND (excluded.readings_per_minute, excluded.retention_days)
                    IS DISTINCT FROM (limits.readings_per_minute, limits.retention_days)
            """)
    }
}
