import FoundationEssentials
import Postgres

/// What billing says that organizations may have.
struct LimitStore: Sendable {
    /// Keeps the newest version.
    func keep(
        _ devices: Int?, plan: String, of organization: UUID, version: Int, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO devices.limits (organization_id, plan, devices, version)
            VALUES (\(organization), \(plan), \(devices), \(version))
            ON CONFLICT (organization_id) DO UPDATE
            SET plan = excluded.plan, devices = excluded.devices, version = excluded.version
            WHERE excluded.version > limits.version
            """)
    }
}
