import EventBus
import FoundationEssentials
import Postgres

/// Reads an organization's dashboard, in one round trip.
struct DashboardStore: Sendable {
    private static let maximumDevices = 200
    private static let listed = 12

    /// What this service holds of an organization.
    static let parts: [OrganizationRemoval.Step] = [
        .rows(of: "realtime.activity"),
        .rows(of: "realtime.alerts"),
        .rows(of: "realtime.devices"),
        .rows(of: "realtime.members"),
    ]

    let database: PostgresClient
    let rate: RateMeter

    /// - Throws: `PostgresError`.
    func dashboard(of organization: UUID) async throws -> Dashboard {
        let results = try await database.batch(
            [
                counts(organization), devices(organization), alerts(organization), activity(organization),
            ], as: .organization(organization))
        return Dashboard(
            stats: try stats(results[0], of: organization), devices: try results[1].map(Dashboard.Device.init),
            alerts: try results[2].map(Dashboard.Alert.init), activity: try results[3].map(Dashboard.Activity.init))
    }

    private func stats(_ rows: Rows, of organization: UUID) throws -> Dashboard.Stats {
        let (devices, online, open, critical) =
            try rows.first?.decode(Int.self, Int.self, Int.self, Int.self) ?? (0, 0, 0, 0)
        return Dashboard.Stats(
            devices: devices, devicesOnline: online, openAlerts: open, criticalAlerts: critical,
            readingsPerMinute: rate.perMinute(of: organization))
    }

    private func counts(_ organization: UUID) -> SQL {
        """
        SELECT d.total, d.online, a.total, a.critical
        FROM (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'online') AS online
              FROM realtime.devices WHERE organization_id = \(organization) AND NOT is_deleted) AS d,
             (SELECT count(*) AS total, count(*) FILTER (WHERE severity = 'critical') AS critical
              FROM realtime.alerts
              WHERE organization_id = \(organization) AND status IN ('active', 'acknowledged')) AS a
        """
    }

    private func devices(_ organization: UUID) -> SQL {
        """
        SELECT id, name, device_type, status, last_seen FROM realtime.devices
        WHERE organization_id = \(organization) AND NOT is_deleted
        ORDER BY name, id LIMIT \(Self.maximumDevices)
        """
    }

    private func alerts(_ organization: UUID) -> SQL {
        """
        SELECT a.id, a.device_id, d.name, a.severity, a.status, a.message, a.triggered_at
        FROM realtime.alerts AS a
        LEFT JOIN realtime.devices AS d ON d.id = a.device_id AND d.organization_id = a.organization_id
        WHERE a.organization_id = \(organization) AND a.status IN ('active', 'acknowledged')
        ORDER BY a.triggered_at DESC, a.id LIMIT \(Self.listed)
        """
    }

    private func activity(_ organization: UUID) -> SQL {
        """
        SELECT a.id, a.type, a.device_id, coalesce(nullif(d.name, ''), a.device_name), a.user_id, nullif(m.name, ''),
            a.detail, a.happened_at
        FROM realtime.activity AS a
        LEFT JOIN realtime.devices AS d ON d.id = a.device_id AND d.organization_id = a.organization_id
        LEFT JOIN realtime.members AS m ON m.user_id = a.user_id AND m.organization_id = a.organization_id
        WHERE a.organization_id = \(organization)
        ORDER BY a.happened_at DESC, a.id DESC LIMIT \(Self.listed)
        """
    }
}

extension Dashboard.Device {
    fileprivate init(_ row: Row) throws {
        (id, name, deviceType, status, lastSeen) = try row.decode(
            UUID.self, String.self, String.self, String.self, Timestamp?.self)
    }
}

extension Dashboard.Alert {
    fileprivate init(_ row: Row) throws {
        (id, deviceID, deviceName, severity, status, message, triggeredAt) = try row.decode(
            UUID.self, UUID?.self, String?.self, String.self, String.self, String.self, Timestamp.self)
    }
}

extension Dashboard.Activity {
    fileprivate init(_ row: Row) throws {
        (id, type, deviceID, deviceName, userID, userName, detail, time) = try row.decode(
            UUID.self, String.self, UUID?.self, String?.self, UUID?.self, String?.self, String.self, Timestamp.self)
    }
}
