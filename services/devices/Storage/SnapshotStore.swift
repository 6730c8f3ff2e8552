import EventBus
import FoundationEssentials
import Identity
import Postgres

/// What this service has, as the events that tell of it: for services that may have missed some.
struct SnapshotStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// The devices of all organizations, by id.
    ///
    /// - Throws: `PostgresError`, ``StoredValueError``.
    func devices(after id: UUID?) async throws -> SnapshotPage {
        let isFurther: SQL = id.map { "id > \($0)" } ?? "true"
        let rows = try await database.query(
            """
            SELECT \(Device.columns) FROM devices.devices WHERE \(isFurther) ORDER BY id LIMIT \(SnapshotPage.size)
            """, as: .platform)
        return SnapshotPage(
            try rows.map(Device.init(row:)).map { device in
                (device.id.text, try ledger.event("device.registered", about: device, .system))
            })
    }

    /// The keys that are not revoked, by their hashes.
    ///
    /// - Throws: `PostgresError`, ``StoredValueError``.
    func keys(after hash: SecretHash?) async throws -> SnapshotPage {
        let isFurther: SQL = hash.map { "key_hash > \($0.bytes)" } ?? "true"
        let rows = try await database.query(
            """
            SELECT \(DeviceKey.columns) FROM devices.device_keys WHERE \(isFurther)
            ORDER BY key_hash LIMIT \(SnapshotPage.size)
            """, as: .platform)
        return SnapshotPage(
            try rows.map(DeviceKey.init(row:)).map { key in
                (key.hash.hex, try ledger.event("device.key.issued", about: key, version: key.version, .system))
            })
    }
}
