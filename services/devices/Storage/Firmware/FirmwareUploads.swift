import FoundationEssentials
import Kernel
import Postgres

/// Firmware whose image is on its way: nobody sees it before it is complete, and what came to nothing is deleted.
///
/// An upload may take long, so each piece is written by itself, and no connection is kept for it.
struct FirmwareUploads: Sendable {
    /// How long, in hours, an upload that nobody ended is kept: its instance may have died.
    private static let patience = 24

    let database: PostgresClient
    let ledger: Ledger

    /// Runs `body` with a new upload, of which nothing is left unless it was completed.
    ///
    /// - Throws: ``FirmwareError/tooMany``, what `body` throws.
    func withUpload<Value>(
        _ label: FirmwareLabel, in organization: UUID, by user: UUID, isolation: isolated (any Actor)? = #isolation,
        _ body: (UUID) async throws -> sending Value
    ) async throws -> sending Value {
        let upload = try await begin(label, in: organization, by: user)
        do {
            let value = try await body(upload)
            try await discard(upload, in: organization)
            return value
        } catch {
            // What this leaves behind, ``deleteAbandoned()`` deletes.
            try? await discard(upload, in: organization)
            throw error
        }
    }

    private func begin(_ label: FirmwareLabel, in organization: UUID, by user: UUID) async throws -> UUID {
        let id = UUID.v7()
        let rows = try await database.withTransaction(as: .organization(organization)) { transaction in
            try await transaction.batch([
                // Of several that are begun at once, each counts those before.
                FirmwareStore.lock(organization),
                """
                INSERT INTO devices.firmware (id, organization_id, device_type, firmware_version, description, signature,
                    created_by)
                SELECT \(id), \(organization), \(label.deviceType), \(label.version.text), \(label.description),
                    \(label.signature), \(user)
                WHERE (SELECT count(*) FROM devices.firmware WHERE organization_id = \(organization))
                    < \(Firmware.maximumPerOrganization)
                """,
            ])
        }
        guard rows[1].affectedRows == 1 else { throw FirmwareError.tooMany }
        return id
    }

    /// Keeps the bytes of the image that begin at `offset`.
    func append(_ bytes: [UInt8], at offset: Int, to upload: UUID, in organization: UUID) async throws {
        _ = try await database.query(
            """
            INSERT INTO devices.firmware_chunks (organization_id, firmware_id, byte_offset, content)
            VALUES (\(organization), \(upload), \(offset), \(bytes))
            """, as: .organization(organization))
    }

    /// Makes a firmware of an upload of which all bytes are kept.
    ///
    /// - Throws: ``FirmwareError/versionTaken``.
    func complete(
        _ upload: UUID, in organization: UUID, _ digest: FirmwareDigest, _ cause: Cause, _ transaction: Transaction
    ) async throws -> Firmware {
        let rows: Rows
        do {
            rows = try await transaction.query(
                """
                UPDATE devices.firmware
                SET size = \(digest.size), sha256 = \(digest.sha256), stored_at = now(), last_updated = now()
                WHERE organization_id = \(organization) AND id = \(upload)
                RETURNING \(Firmware.columns)
                """)
        } catch let error as PostgresError where error.constraint == "firmware_version_key" {
            throw FirmwareError.versionTaken
        }
        guard let row = rows.first else { throw FirmwareError.notFound }
        let firmware = try Firmware(row: row)
        try await transaction.query(try ledger.uploaded(firmware, cause))
        return firmware
    }

    private func discard(_ upload: UUID, in organization: UUID) async throws {
        _ = try await database.query(
            """
            DELETE FROM devices.firmware
            WHERE organization_id = \(organization) AND id = \(upload) AND stored_at IS NULL
            """, as: .organization(organization))
    }

    /// Deletes what nobody has ended. Any number of instances may.
    func deleteAbandoned() async throws {
        _ = try await database.query(
            """
            DELETE FROM devices.firmware
            WHERE stored_at IS NULL AND created_at < now() - make_interval(hours => \(Int32(Self.patience)))
            """, as: .platform)
    }
}
