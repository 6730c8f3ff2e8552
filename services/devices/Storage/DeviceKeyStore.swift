import FoundationEssentials
import Identity
import Kernel
import Postgres

/// The keys that devices show.
struct DeviceKeyStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// What a rotation gave: the new key, which is nowhere else, and what became of the others.
    struct Issue {
        let key: SecretToken
        let rotation: KeyRotation
    }

    /// The keys with those hashes, but for those whose time has passed.
    func find(_ hashes: [SecretHash]) async throws -> [SecretHash: DeviceKey] {
        let rows = try await database.query(
            """
            SELECT \(DeviceKey.columns) FROM devices.device_keys
            WHERE key_hash = ANY(\(hashes.map(\.bytes))) AND (expires_at IS NULL OR expires_at > now())
            """, as: .platform)
        return Dictionary(try rows.map(DeviceKey.init(row:)).map { ($0.hash, $0) }) { $1 }
    }

    /// Gives the device another key; the current one stays valid for `overlap`.
    ///
    /// - Parameter leftovers: How many keys that are ending already go on to their end.
    /// - Throws: ``DeviceError/notFound``.
    func rotate(
        _ device: UUID, in organization: UUID, overlap: Duration, leftovers: Int = 0, _ cause: Cause,
        _ transaction: Transaction
    ) async throws -> Issue {
        let rows = try await transaction.batch([
            """
            SELECT id FROM devices.devices
            WHERE organization_id = \(organization) AND id = \(device) FOR NO KEY UPDATE
            """,
            """
            SELECT \(DeviceKey.columns) FROM devices.device_keys
            WHERE organization_id = \(organization) AND device_id = \(device)
            """,
        ])
        guard !rows[0].isEmpty else { throw DeviceError.notFound }
        let rotation = KeyRotation(
            of: try rows[1].map(DeviceKey.init(row:)), overlap: overlap, leftovers: leftovers, at: .now)
        let secret = SecretToken(.deviceKey)
        let key = DeviceKey(new: secret, of: device, in: organization)
        try await transaction.batch(try changes(rotation, key, cause))
        return Issue(key: secret, rotation: rotation)
    }

    private func changes(_ rotation: KeyRotation, _ new: DeviceKey, _ cause: Cause) throws -> [SQL] {
        var statements = [new.insert, try ledger.issued(new, cause)]
        if let overlapping = rotation.overlapping {
            statements += [overlapping.updateEnd, try ledger.issued(overlapping, cause)]
        }
        for key in rotation.revoked { statements += try [key.delete] + ledger.revoked(key, cause) }
        return statements + [try ledger.rotated(new.deviceID, of: new.organizationID, cause)]
    }
}

extension DeviceKey {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = "key_hash, device_id, organization_id, version, expires_at"

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        let bytes = try columns.next([UInt8].self)
        guard let hash = SecretHash(bytes: bytes) else {
            throw StoredValueError(text: "a hash of \(bytes.count) bytes")
        }
        self.hash = hash
        deviceID = try columns.next()
        organizationID = try columns.next()
        version = try columns.next()
        expiresAt = try columns.next()
    }

    var insert: SQL {
        """
        INSERT INTO devices.device_keys (key_hash, device_id, organization_id, version, expires_at)
        VALUES (\(hash.bytes), \(deviceID), \(organizationID), \(version), \(expiresAt))
        """
    }

    var updateEnd: SQL {
        """
        UPDATE devices.device_keys SET expires_at = \(expiresAt), version = \(version)
        WHERE organization_id = \(organizationID) AND key_hash = \(hash.bytes)
        """
    }

    var delete: SQL {
        "DELETE FROM devices.device_keys WHERE organization_id = \(organizationID) AND key_hash = \(hash.bytes)"
    }

    /// Deletes all keys of a device, and returns them.
    static func delete(device: UUID, _ organization: UUID) -> SQL {
        """
        DELETE FROM devices.device_keys WHERE organization_id = \(organization) AND device_id = \(device)
        RETURNING \(columns)
        """
    }
}
