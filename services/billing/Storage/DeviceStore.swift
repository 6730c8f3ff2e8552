import FoundationEssentials
import Postgres

/// The projection of which organization had which devices when; the order in which the facts come does not matter.
struct DeviceStore: Sendable {
    func registered(_ id: UUID, by organization: UUID, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            INSERT INTO billing.devices (id, organization_id, registered_at)
            VALUES (\(id), \(organization), \(time))
            ON CONFLICT (id) DO UPDATE SET registered_at = least(devices.registered_at, excluded.registered_at)
            """)
    }

    func deleted(_ id: UUID, of organization: UUID, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            INSERT INTO billing.devices (id, organization_id, registered_at, deleted_at)
            VALUES (\(id), \(organization), \(time), \(time))
            ON CONFLICT (id) DO UPDATE SET deleted_at = least(devices.deleted_at, excluded.deleted_at)
            """)
    }
}
