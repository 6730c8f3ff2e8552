import FoundationEssentials
import Postgres

/// What billing says that organizations may send, and for how long it is kept.
struct LimitStore: Sendable {
    /// Keeps the newest version.
    func keep(
        _ limits: IngestLimits, retentionDays: Int?, of organization: UUID, version: Int, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO readings.limits (
                organization_id, plan, readings_per_month, readings_per_minute, retention_days, version)
            VALUES (\(organization), \(limits.plan), \(limits.readingsPerMonth), \(limits.readingsPerMinute),
                \(retentionDays), \(version))
            ON CONFLICT (organization_id) DO UPDATE SET
                plan = excluded.plan, readings_per_month = excluded.readings_per_month,
                readings_per_minute = excluded.readings_per_minute, retention_days = excluded.retention_days,
                version = excluded.version
            WHERE excluded.version > limits.version
            """)
    }
}
