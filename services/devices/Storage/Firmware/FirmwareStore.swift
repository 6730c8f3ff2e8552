import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The firmware of organizations. What is still uploaded is ``FirmwareUploads``' alone.
struct FirmwareStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    // MARK: Reading

    /// - Parameter deviceType: The type that it must be for; nil for any.
    /// - Throws: ``FirmwareError/notFound``.
    func find(_ id: UUID, for deviceType: String? = nil, in organization: UUID) async throws -> Firmware {
        let ofType: SQL = deviceType.map { " AND device_type = \($0)" } ?? ""
        let rows = try await database.query(
            Self.select(organization) + " AND id = \(id)\(ofType)", as: .organization(organization))
        guard let row = rows.first else { throw FirmwareError.notFound }
        return try Firmware(row: row)
    }

    /// - Throws: ``FirmwareError/notFound``.
    func find(
        _ version: FirmwareVersion, for deviceType: String, in organization: UUID
    ) async throws -> Firmware {
        let rows = try await database.query(
            Self.select(organization) + " AND device_type = \(deviceType) AND firmware_version = \(version.text)",
            as: .organization(organization))
        guard let row = rows.first else { throw FirmwareError.notFound }
        return try Firmware(row: row)
    }

    /// The one that devices of the type are to have; nil where there is none.
    func current(for deviceType: String, in organization: UUID) async throws -> Firmware? {
        try await database.query(
            Self.select(organization) + " AND device_type = \(deviceType) AND is_current",
            as: .organization(organization)
        ).first.map(Firmware.init(row:))
    }

    /// A page of the organization's, by id.
    ///
    /// - Parameter deviceTypes: Those of any of them; none for all.
    func list(
        for deviceTypes: [String], in organization: UUID, _ page: PageRequest<UUID>
    ) async throws -> [Firmware] {
        let ofTypes: SQL = deviceTypes.isEmpty ? "" : " AND \(.isOne(of: deviceTypes, "device_type"))"
        return try await database.query(
            Self.select(organization) + "\(ofTypes) \(page.keyset())", as: .organization(organization)
        ).map(Firmware.init(row:))
    }

    /// Bytes of an image from `range`'s first one on: to the end of the piece that it is in, or of the range.
    ///
    /// - Throws: ``FirmwareError/contentGone``.
    func content(of firmware: Firmware, in range: Range<Int>) async throws -> [UInt8] {
        let first = range.lowerBound
        let rows = try await database.query(
            """
            SELECT substring(content FROM (\(first) - byte_offset + 1)::integer FOR \(Int32(clamping: range.count)))
            FROM devices.firmware_chunks
            WHERE organization_id = \(firmware.organizationID) AND firmware_id = \(firmware.id)
                AND byte_offset <= \(first)
            ORDER BY byte_offset DESC LIMIT 1
            """, as: .organization(firmware.organizationID))
        guard let bytes = try rows.first?.decode([UInt8].self, at: 0), !bytes.isEmpty else {
            throw FirmwareError.contentGone
        }
        return bytes
    }

    // MARK: Writing

    /// Makes a firmware the one that devices of its type are to have, in the place of any other, or says that it is not.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``FirmwareError``.
    func setCurrent(
        _ isCurrent: Bool, _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause
    ) async throws -> Firmware {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            // Of several that are made current at once, each sees those before.
            try await transaction.query(Self.lock(organization))
            let before = try await lock(id, in: organization, ifMatch: versions, transaction)
            guard before.isCurrent != isCurrent else { return before }
            let rows = try await transaction.batch([
                """
                UPDATE devices.firmware SET is_current = false, version = version + 1, last_updated = now()
                WHERE organization_id = \(organization) AND device_type = \(before.label.deviceType) AND is_current
                RETURNING \(Firmware.columns)
                """,
                """
                UPDATE devices.firmware SET is_current = true, version = version + 1, last_updated = now()
                WHERE organization_id = \(organization) AND id = \(id) AND \(isCurrent)
                RETURNING \(Firmware.columns)
                """,
            ])
            guard let row = rows[isCurrent ? 1 : 0].first else { throw FirmwareError.notFound }
            let after = try Firmware(row: row)
            try await transaction.query(
                isCurrent ? try ledger.madeCurrent(after, cause) : try ledger.withdrew(after, cause))
            return after
        }
    }

    /// Deletes a firmware with its image; a device that is downloading it gets no more of it.
    ///
    /// - Throws: ``FirmwareError``.
    func delete(_ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let firmware = try await lock(id, in: organization, ifMatch: versions, transaction)
            try await transaction.batch([
                "DELETE FROM devices.firmware WHERE organization_id = \(organization) AND id = \(id)",
                try ledger.deleted(firmware, cause),
            ])
        }
    }

    // MARK: Parts

    private func lock(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ transaction: Transaction
    ) async throws -> Firmware {
        let rows = try await transaction.query(Self.select(organization) + " AND id = \(id) FOR UPDATE")
        guard let row = rows.first else { throw FirmwareError.notFound }
        let firmware = try Firmware(row: row)
        if let versions, !versions.contains(firmware.version) { throw FirmwareError.stale(current: firmware.version) }
        return firmware
    }

    /// Lets the changes of an organization's firmware go one after the other.
    static func lock(_ organization: UUID) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended('devices.firmware ' || \(organization.text), 0))"
    }

    private static func select(_ organization: UUID) -> SQL {
        """
        SELECT \(Firmware.columns) FROM devices.firmware
        WHERE organization_id = \(organization) AND stored_at IS NOT NULL
        """
    }
}
