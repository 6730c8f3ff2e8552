import FoundationEssentials
import Postgres

/// What is known of devices, to judge their health by.
struct HealthStore: Sendable {
    /// How far back errors and failures count.
    private static let recent = Duration.seconds(86_400)
    /// Beyond so many it makes no difference.
    private static let mostCounted = 1000

    let database: PostgresClient

    /// All in one round trip.
    ///
    /// - Throws: ``DeviceError/notFound``, `PostgresError`.
    func facts(of device: UUID, in organization: UUID, at now: Timestamp) async throws -> DeviceFacts {
        let rows = try await database.batch(
            [
                Self.state(of: device, in: organization, since: now.adding(.zero - Self.recent)),
                BatterySample.recent(of: device, in: organization, at: now),
                StatusHistory.changes(
                    of: device, in: organization, since: now.adding(.zero - StatusHistory.length)),
            ], as: .organization(organization))
        guard let row = rows[0].first else { throw DeviceError.notFound }
        var facts = try DeviceFacts(row: row)
        facts.batterySamples = try rows[1].map(BatterySample.init(row:))
        facts.history = try rows[2].map { row in
            var columns = ColumnReader(row)
            return StatusSince(status: try columns.nextCase(), since: try columns.next())
        }
        return facts
    }

    private static func state(of device: UUID, in organization: UUID, since start: Timestamp) -> SQL {
        """
        SELECT device.status, device.last_seen, device.reading_interval, device.battery_level,
            device.wifi_signal_strength, trouble.errors, trouble.criticals, config.version,
            config.config <> '{}', config.last_updated, config.applied_version, vain.commands
        FROM devices.devices AS device
        JOIN devices.configs AS config
            ON config.organization_id = device.organization_id AND config.device_id = device.id
        CROSS JOIN (
            SELECT (\(count(ofLevel: "3", of: device, in: organization, since: start))) AS errors,
                (\(count(ofLevel: "4", of: device, in: organization, since: start))) AS criticals
        ) AS trouble
        CROSS JOIN (
            SELECT count(*) AS commands FROM devices.commands
            WHERE organization_id = \(organization) AND device_id = \(device) AND completed_at >= \(start)
                AND status IN ('failed', 'expired')
        ) AS vain
        WHERE device.organization_id = \(organization) AND device.id = \(device)
        """
    }

    /// - Parameter level: As a literal, so that the index of errors is seen to serve it.
    private static func count(
        ofLevel level: SQL, of device: UUID, in organization: UUID, since start: Timestamp
    ) -> SQL {
        """
        SELECT count(*) FROM (
            SELECT FROM devices.logs
            WHERE organization_id = \(organization) AND device_id = \(device) AND level = \(level)
                AND level >= 3 AND time >= \(start)
            LIMIT \(mostCounted)) AS entry
        """
    }
}

extension DeviceFacts {
    fileprivate init(row: Row) throws {
        var columns = ColumnReader(row)
        try self.init(
            status: columns.nextCase(), lastSeen: columns.next(), readingInterval: columns.next(),
            batteryLevel: columns.next(), wifiSignalStrength: columns.next(), errorLogs: columns.next(),
            criticalLogs: columns.next(), configVersion: columns.next(), hasSettings: columns.next(),
            configuredAt: columns.next(), appliedConfigVersion: columns.next(), failedCommands: columns.next())
    }
}
