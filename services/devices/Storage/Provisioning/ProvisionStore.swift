import FoundationEssentials
import Identity
import Kernel
import Outbound
import Postgres

/// What gives boards their devices.
struct ProvisionStore: Sendable {
    let ledger: Ledger
    let devices: DeviceStore
    let keys: DeviceKeyStore

    /// A device as its board is told of it.
    struct Provision {
        let deviceID: UUID
        /// Nowhere else.
        let key: SecretToken
        let config: [String: AnyJSON]
        let configVersion: Int
        /// Whether it was made just now.
        let isNew: Bool
    }

    /// Gives a board its device: a new one, which is a use of the fleet key, or, where the organization has one with
    /// its serial number, that one again with another key.
    ///
    /// The fleet key stays locked until the commit, so that boards that come with it at once are counted one by one.
    /// Two that come as the same board with different keys meet at the serial number: the second one is to try again.
    ///
    /// - Throws: ``ProvisioningError/refused``, ``DeviceError/limitReached(plan:limit:)``,
    ///   ``DeviceError/serialNumberTaken``.
    func provision(
        _ board: BoardIdentity, with keyID: UUID, of organization: UUID, from address: IPAddress?,
        traceparent: String?, _ transaction: Transaction
    ) async throws -> Provision {
        guard let key = try await lock(keyID, of: organization, transaction), key.admits(address, at: .now) else {
            throw ProvisioningError.refused
        }
        let cause = Cause(actor: .provisioningKey(key.id), traceparent: traceparent)
        let provision: Provision
        if let device = try await device(of: board, in: organization, transaction) {
            provision = try await again(device, in: organization, board, cause, transaction)
            try await transaction.query(Self.touch(key))
        } else {
            guard key.canRegister else { throw ProvisioningError.refused }
            provision = try await register(board, key, cause, transaction)
            try await transaction.query(Self.count(key))
        }
        let text = address?.unmapped.description
        try await transaction.batch([
            Self.record(provision, key, from: text),
            try ledger.provisioned(provision.deviceID, by: key, from: text, board, cause),
        ])
        return provision
    }

    private func register(
        _ board: BoardIdentity, _ key: ProvisioningKey, _ cause: Cause, _ transaction: Transaction
    ) async throws -> Provision {
        let config = key.terms.defaults.config ?? [:]
        let registration = try await devices.register(
            board.newProfile(key.terms.defaults), config: config, in: key.organizationID, cause, transaction)
        return Provision(
            deviceID: registration.device.id, key: registration.key, config: config, configVersion: 1, isNew: true)
    }

    /// What the board had may have been lost on its way, or be in use still: so its last keys go on for the overlap.
    private func again(
        _ device: UUID, in organization: UUID, _ board: BoardIdentity, _ cause: Cause, _ transaction: Transaction
    ) async throws -> Provision {
        try await devices.update(device, in: organization, cause, transaction) { device in
            (board.returning(to: device.profile), device.status)
        }
        let issue = try await keys.rotate(
            device, in: organization, overlap: KeyRotation.defaultOverlap, leftovers: KeyRotation.maximumLeftovers,
            cause, transaction)
        let rows = try await transaction.query(
            """
            SELECT config, version FROM devices.configs
            WHERE organization_id = \(organization) AND device_id = \(device)
            """)
        guard let (config, version) = try rows.first?.decode(JSONB.self, Int.self) else { throw DeviceError.notFound }
        return Provision(
            deviceID: device, key: issue.key, config: try config.decode(), configVersion: version, isNew: false)
    }

    // MARK: Parts

    private func lock(
        _ id: UUID, of organization: UUID, _ transaction: Transaction
    ) async throws -> ProvisioningKey? {
        let rows = try await transaction.query(
            """
            SELECT \(ProvisioningKey.columns) FROM devices.provisioning_keys
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(ProvisioningKey.init(row:))
    }

    private func device(
        of board: BoardIdentity, in organization: UUID, _ transaction: Transaction
    ) async throws -> UUID? {
        let rows = try await transaction.query(
            """
            SELECT id FROM devices.devices
            WHERE organization_id = \(organization) AND serial_number = \(board.serialNumber) FOR UPDATE
            """)
        return try rows.first?.decode(UUID.self)
    }

    private static func count(_ key: ProvisioningKey) -> SQL {
        """
        UPDATE devices.provisioning_keys SET uses = uses + 1, last_used_at = now()
        WHERE organization_id = \(key.organizationID) AND id = \(key.id)
        """
    }

    /// Writes nothing more often than once a minute.
    private static func touch(_ key: ProvisioningKey) -> SQL {
        """
        UPDATE devices.provisioning_keys SET last_used_at = now()
        WHERE organization_id = \(key.organizationID) AND id = \(key.id)
            AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        """
    }

    private static func record(_ provision: Provision, _ key: ProvisioningKey, from address: String?) -> SQL {
        """
        INSERT INTO devices.provisions AS known (device_id, organization_id, key_id, key_name, address)
        VALUES (\(provision.deviceID), \(key.organizationID), \(key.id), \(key.terms.name), \(address))
        ON CONFLICT (device_id) DO UPDATE
        SET key_id = excluded.key_id, key_name = excluded.key_name, address = excluded.address,
            times = known.times + 1, last_at = now()
        """
    }
}
