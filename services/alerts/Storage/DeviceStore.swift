import FoundationEssentials
import Postgres

/// The projection of what the devices service tells; the newest version of a device wins, in whichever order they come.
struct DeviceStore: Sendable {
    /// - Parameter time: When it was told.
    func upsert(_ device: DeviceEventData, version: Int, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.batch([
            """
            INSERT INTO alerts.devices (id, organization_id, name, project_id, tags, version)
            VALUES (
                \(device.id), \(device.organizationID), \(device.name), \(device.projectID), \(device.tags ?? []),
                \(version))
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, project_id = excluded.project_id, tags = excluded.tags,
                version = excluded.version, is_deleted = false, changed = excluded.changed
            WHERE excluded.version > devices.version
            """,
            update(device.id, to: device.status, version: version, at: time),
            battery(device.batteryLevel, of: device.id, at: device.lastSeen ?? time),
        ])
    }

    /// Takes note of a device's status; of a device that is not known yet, its registration tells it.
    func update(_ change: StatusEventData, version: Int, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.query(update(change.deviceID, to: change.status, version: version, at: time))
    }

    /// Takes note of the level of a device's battery; likewise.
    func update(_ change: BatteryEventData, at time: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.query(battery(change.batteryLevel, of: change.deviceID, at: time))
    }

    /// What has been since before keeps its time.
    private func update(_ device: UUID, to status: String?, version: Int, at time: Timestamp) -> SQL {
        """
        UPDATE alerts.devices SET
            status = \(status), status_version = \(version),
            status_at = CASE WHEN status = \(status) THEN status_at ELSE \(time) END,
            changed = pg_current_xact_id()::text::bigint
        WHERE id = \(device) AND NOT is_deleted AND status_version < \(version) AND \(status) IS NOT NULL
        """
    }

    private func battery(_ level: Double?, of device: UUID, at time: Timestamp) -> SQL {
        """
        UPDATE alerts.devices SET
            battery_level = \(level), battery_at = \(time), changed = pg_current_xact_id()::text::bigint
        WHERE id = \(device) AND NOT is_deleted AND \(level) IS NOT NULL AND (battery_at IS NULL OR battery_at < \(time))
        """
    }

    /// Marks a device as gone and forgets where rules stood with it.
    func remove(_ id: UUID, of organization: UUID, version: Int, _ transaction: Transaction) async throws {
        try await transaction.batch([
            """
            INSERT INTO alerts.devices (id, organization_id, name, tags, version, is_deleted)
            VALUES (\(id), \(organization), '', '{}', \(version), true)
            ON CONFLICT (id) DO UPDATE SET
                version = excluded.version, is_deleted = true, changed = excluded.changed
            WHERE excluded.version > devices.version
            """,
            "DELETE FROM alerts.device_states WHERE organization_id = \(organization) AND device_id = \(id)",
        ])
    }
}
