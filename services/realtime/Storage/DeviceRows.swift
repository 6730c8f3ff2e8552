import Postgres

/// The statements that keep the projection of devices.
enum DeviceRows {
    /// Keeps the newest version; a deletion is one too, so that a late update revives nothing. The status is kept by
    /// time, since it changes between versions.
    static func upsert(_ device: DeviceData, version: Int, at time: Timestamp) -> SQL {
        """
        INSERT INTO realtime.devices AS d
            (id, organization_id, version, name, device_type, project_id, status, last_seen, status_at)
        VALUES (\(device.id), \(device.organizationID), \(version), \(device.name), \(device.deviceType),
            \(device.projectID), \(device.status), \(device.lastSeen), \(time))
        ON CONFLICT (id) DO UPDATE SET
            version = excluded.version, name = excluded.name, device_type = excluded.device_type,
            project_id = excluded.project_id,
            status = CASE WHEN excluded.status_at > d.status_at THEN excluded.status ELSE d.status END,
            last_seen = greatest(d.last_seen, excluded.last_seen),
            status_at = greatest(d.status_at, excluded.status_at)
        WHERE excluded.version > d.version AND NOT d.is_deleted
        """
    }

    static func delete(_ device: DeletedDevice, version: Int, at time: Timestamp) -> SQL {
        """
        INSERT INTO realtime.devices
            (id, organization_id, version, name, device_type, status, status_at, is_deleted)
        VALUES (\(device.id), \(device.organizationID), \(version), '', '', 'disabled', \(time), true)
        ON CONFLICT (id) DO UPDATE SET version = excluded.version, is_deleted = true
        """
    }

    static func setStatus(_ change: StatusData, at time: Timestamp) -> SQL {
        """
        UPDATE realtime.devices SET status = \(change.status), status_at = \(time),
            last_seen = greatest(last_seen, \(change.lastSeen))
        WHERE id = \(change.deviceID) AND organization_id = \(change.organizationID) AND status_at <= \(time)
        """
    }
}

/// The statements that keep the projection of alerts.
enum AlertRows {
    static func upsert(_ alert: AlertData, version: Int) -> SQL {
        """
        INSERT INTO realtime.alerts AS a
            (id, organization_id, version, device_id, severity, status, message, triggered_at)
        VALUES (\(alert.id), \(alert.organizationID), \(version), \(alert.deviceID), \(alert.severity),
            \(alert.status), \(alert.message), \(alert.triggeredAt))
        ON CONFLICT (id) DO UPDATE SET version = excluded.version, severity = excluded.severity,
            status = excluded.status, message = excluded.message
        WHERE excluded.version > a.version
        """
    }
}
