import FoundationEssentials
import Postgres

/// How far devices are with their firmware.
struct FirmwareUpdateStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger
    let devices: DeviceStore

    /// Nil for a device that has not said anything of it.
    func find(_ device: UUID, in organization: UUID) async throws -> FirmwareUpdate? {
        try await database.query(
            Self.select(device, organization), as: .organization(organization)
        ).first.map(FirmwareUpdate.init(row:))
    }

    /// Keeps what a device says. With a firmware that it has applied, its registered version follows.
    ///
    /// - Throws: ``DeviceError/notFound``.
    func report(
        _ report: FirmwareUpdateReport, by device: UUID, in organization: UUID, _ cause: Cause
    ) async throws -> FirmwareUpdate {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            // Locks the device, so that its reports are taken one after the other.
            try await devices.update(device, in: organization, cause, transaction) { device in
                var profile = device.profile
                if report.state == .applied { profile.firmwareVersion = report.version.text }
                return (profile, device.status)
            }
            let rows = try await transaction.batch([
                Self.select(device, organization), Self.keep(report, of: device, organization),
            ])
            let earlier = try rows[0].first.map(FirmwareUpdate.init(row:))
            guard let row = rows[1].first else { throw DeviceError.notFound }
            if report.isNewOutcome(after: earlier?.report) {
                try await transaction.query(try ledger.reported(report, by: device, in: organization, cause))
            }
            return try FirmwareUpdate(row: row)
        }
    }

    private static func select(_ device: UUID, _ organization: UUID) -> SQL {
        """
        SELECT \(FirmwareUpdate.columns) FROM devices.firmware_updates
        WHERE organization_id = \(organization) AND device_id = \(device)
        """
    }

    private static func keep(_ report: FirmwareUpdateReport, of device: UUID, _ organization: UUID) -> SQL {
        """
        INSERT INTO devices.firmware_updates AS known (device_id, organization_id, firmware_version, state, progress,
            error)
        VALUES (\(device), \(organization), \(report.version.text), \(report.state.rawValue), \(report.progress),
            \(report.error))
        ON CONFLICT (device_id) DO UPDATE
        SET firmware_version = excluded.firmware_version, state = excluded.state, progress = excluded.progress,
            error = excluded.error, reported_at = now(),
            began_at = CASE WHEN known.firmware_version = excluded.firmware_version THEN known.began_at ELSE now() END
        RETURNING \(FirmwareUpdate.columns)
        """
    }
}
