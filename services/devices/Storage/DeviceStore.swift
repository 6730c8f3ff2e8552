import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The registry of devices, with their rows in the entity directory.
struct DeviceStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// The device as it answers its registration, with its key, which is nowhere else.
    struct Registration {
        let device: Device
        let key: SecretToken
    }

    // MARK: Reading

    /// - Throws: ``DeviceError/notFound``.
    func find(_ id: UUID, in organization: UUID) async throws -> Device {
        let rows = try await database.query(
            """
            SELECT \(Device.columns) FROM devices.devices WHERE organization_id = \(organization) AND id = \(id)
            """, as: .organization(organization))
        guard let row = rows.first else { throw DeviceError.notFound }
        return try Device(row: row)
    }

    /// A page of the organization's devices, by id.
    func list(
        _ filter: DeviceFilter, in organization: UUID, _ page: PageRequest<UUID>
    ) async throws -> [Device] {
        try await database.query(
            """
            SELECT \(Device.columns) FROM devices.devices
            WHERE organization_id = \(organization)\(filter.conditions) \(page.keyset())
            """, as: .organization(organization)
        ).map(Device.init(row:))
    }

    // MARK: Writing

    /// Adds a device with its first key and its first configuration.
    ///
    /// - Throws: ``DeviceError/limitReached(plan:limit:)``, ``DeviceError/serialNumberTaken``.
    func register(
        _ profile: DeviceProfile, config: [String: AnyJSON] = [:], in organization: UUID, _ cause: Cause,
        _ transaction: Transaction
    ) async throws -> Registration {
        try await checkLimit(of: organization, transaction)
        let id = UUID.v7()
        let secret = SecretToken(.deviceKey)
        let key = DeviceKey(hash: secret.hash, deviceID: id, organizationID: organization, version: 1, expiresAt: nil)
        let entity = try Self.entity(id, organization, profile)
        let rows = try await mappingSerialNumber {
            try await transaction.batch([
                Self.insert(profile, id: id, organization), key.insert, entity.insert,
                """
                INSERT INTO devices.configs (device_id, organization_id, config)
                VALUES (\(id), \(organization), \(try JSONB(config)))
                """,
                """
                INSERT INTO devices.config_versions (device_id, version, organization_id, config, created_by)
                SELECT device_id, version, organization_id, config, \(cause.actor.text) FROM devices.configs
                WHERE organization_id = \(organization) AND device_id = \(id)
                """,
            ])
        }
        guard let row = rows.first?.first else { throw DeviceError.notFound }
        let device = try Device(row: row)
        try await transaction.batch(ledger.registered(device, cause) + [ledger.issued(key, cause)])
        return Registration(device: device, key: secret)
    }

    /// Changes a device as `change` says, given its current state; nothing happens when that leaves it as it is.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``DeviceError``, what `change` throws.
    func update(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause,
        _ change: (Device) throws -> (DeviceProfile, DeviceStatus)
    ) async throws -> Device {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            try await update(id, in: organization, ifMatch: versions, cause, transaction, change)
        }
    }

    /// As ``update(_:in:ifMatch:_:_:)``, in a transaction that changes more.
    @discardableResult
    func update(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>? = nil, _ cause: Cause,
        _ transaction: Transaction, _ change: (Device) throws -> (DeviceProfile, DeviceStatus)
    ) async throws -> Device {
        let before = try await lock(id, in: organization, ifMatch: versions, transaction)
        let (profile, status) = try change(before)
        guard profile != before.profile || status != before.status else { return before }
        let entity = try Self.entity(id, organization, profile)
        let rows = try await mappingSerialNumber {
            try await transaction.batch([Self.update(before, profile, status), entity.update])
        }
        guard let row = rows.first?.first else { throw DeviceError.notFound }
        let after = try Device(row: row)
        try await transaction.batch(ledger.updated(before, after, cause))
        return after
    }

    /// Deletes a device with its keys, configuration, commands and history; its logs go bit by bit from then on.
    ///
    /// - Throws: ``DeviceError``.
    func delete(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause
    ) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let device = try await lock(id, in: organization, ifMatch: versions, transaction)
            try await delete(device, cause, transaction)
        }
    }

    /// Takes the devices of a project that is no more out of it.
    func leave(_ project: UUID, of organization: UUID, _ cause: Cause, _ transaction: Transaction) async throws {
        let rows = try await transaction.query(
            """
            SELECT id FROM devices.devices WHERE organization_id = \(organization) AND project_id = \(project)
            ORDER BY id FOR UPDATE
            """)
        for row in rows {
            try await update(row.decode(UUID.self), in: organization, cause, transaction) { device in
                var profile = device.profile
                profile.projectID = nil
                return (profile, device.status)
            }
        }
    }

    private func delete(_ device: Device, _ cause: Cause, _ transaction: Transaction) async throws {
        let rows = try await transaction.batch([
            DeviceKey.delete(device: device.id, device.organizationID),
            """
            DELETE FROM devices.devices
            WHERE organization_id = \(device.organizationID) AND id = \(device.id)
            """,
            Entity.delete(device.id, organization: device.organizationID),
            LogStore.beginRemoval(of: device.id, in: device.organizationID),
        ])
        let keys = try rows[0].map(DeviceKey.init(row:))
        try await transaction.batch(ledger.deleted(device, keys: keys, cause))
    }

    // MARK: Parts

    /// - Throws: ``DeviceError``.
    private func lock(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ transaction: Transaction
    ) async throws -> Device {
        let rows = try await transaction.query(
            """
            SELECT \(Device.columns) FROM devices.devices
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        guard let row = rows.first else { throw DeviceError.notFound }
        let device = try Device(row: row)
        if let versions, !versions.contains(device.version) { throw DeviceError.stale(current: device.version) }
        return device
    }

    /// The lock on the organization's limits lets registrations count one after the other.
    private func checkLimit(of organization: UUID, _ transaction: Transaction) async throws {
        let rows = try await transaction.batch([
            "SELECT plan, devices FROM devices.limits WHERE organization_id = \(organization) FOR UPDATE",
            "SELECT count(*) FROM devices.devices WHERE organization_id = \(organization)",
        ])
        guard let (plan, limit) = try rows[0].first?.decode(String.self, Int?.self), let limit else { return }
        guard let count = try rows[1].first?.decode(Int.self), count >= limit else { return }
        throw DeviceError.limitReached(plan: plan, limit: limit)
    }

    private func mappingSerialNumber<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as PostgresError where error.constraint == "devices_serial_number_key" {
            throw DeviceError.serialNumberTaken
        }
    }

    private static func entity(_ id: UUID, _ organization: UUID, _ profile: DeviceProfile) throws -> Entity {
        try Entity(
            id: id, organizationID: organization, type: "device.\(profile.deviceType)", name: profile.name,
            description: profile.description, properties: JSONB(profile.properties))
    }

    private static func insert(_ profile: DeviceProfile, id: UUID, _ organization: UUID) throws -> SQL {
        """
        INSERT INTO devices.devices (id, organization_id, name, description, device_type, model, serial_number,
            mac_address, firmware_version, location, project_id, tags, sensors, reading_interval, properties, status)
        VALUES (\(id), \(organization), \(profile.name), \(profile.description), \(profile.deviceType),
            \(profile.model), \(profile.serialNumber), \(profile.macAddress), \(profile.firmwareVersion),
            \(profile.location), \(profile.projectID), \(profile.tags), \(profile.sensors),
            \(profile.readingInterval), \(try JSONB(profile.properties)), \(DeviceStatus.provisioned.rawValue))
        RETURNING \(Device.columns)
        """
    }

    private static func update(_ device: Device, _ profile: DeviceProfile, _ status: DeviceStatus) throws -> SQL {
        """
        UPDATE devices.devices
        SET name = \(profile.name), description = \(profile.description), device_type = \(profile.deviceType),
            model = \(profile.model), serial_number = \(profile.serialNumber), mac_address = \(profile.macAddress),
            firmware_version = \(profile.firmwareVersion), location = \(profile.location),
            project_id = \(profile.projectID), tags = \(profile.tags), sensors = \(profile.sensors),
            reading_interval = \(profile.readingInterval), properties = \(try JSONB(profile.properties)),
            status = \(status.rawValue), version = version + 1, last_updated = now()
        WHERE organization_id = \(device.organizationID) AND id = \(device.id)
        RETURNING \(Device.columns)
        """
    }
}
