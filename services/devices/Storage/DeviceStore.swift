import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The registry of devices, with their rows in the entity directory.
struct DeviceStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    // MARK: Reading

    /// - Throws: ``DeviceError/notFound``.
    func find(_ id: UUID, in organization: UUID) async throws -> Device {
        let rows = try await database.query(Self.select(id, organization), as: .organization(organization))
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
            WHERE organization_id = \(organization)\(filter.conditions(page))
            """, as: .organization(organization)
        ).map(Device.init(row:))
    }

    /// A page of the devices of all organizations, by id.
    ///
    /// - Parameter organizations: Those whose devices are shown; none for all.
    func list(
        _ filter: DeviceFilter, ofAll organizations: [UUID], _ page: PageRequest<UUID>
    ) async throws -> [Device] {
        try await database.query(
            """
            SELECT \(Device.columns) FROM devices.devices WHERE true\(filter.conditions(in: organizations))
            \(page.keyset())
            """, as: .platform
        ).map(Device.init(row:))
    }

    // MARK: Writing

    /// Adds a device with its first key and its first configuration.
    ///
    /// - Throws: ``DeviceError/limitReached(plan:limit:)``, ``DeviceError/serialNumberTaken``,
    ///   ``DeviceError/unknownProject(field:)``.
    func register(
        _ profile: DeviceProfile, config: [String: AnyJSON] = [:], in organization: UUID, _ cause: Cause,
        _ transaction: Transaction
    ) async throws -> Registration {
        if let allowance = try await DeviceAllowance.read(of: organization, transaction), allowance.isUsedUp {
            throw DeviceError.limitReached(plan: allowance.plan, limit: allowance.limit)
        }
        try await Project.require(profile.projectID, of: organization, "project_id", transaction)
        let new = NewDevice(profile, config: config, in: organization)
        guard let registration = try await insert([new], cause, transaction)[0] else {
            throw DeviceError.serialNumberTaken
        }
        return registration
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
        let before: Device = try await transaction.lock(Self.select(id, organization), ifMatch: versions)
        let (profile, status) = try change(before)
        guard profile != before.profile || status != before.status else { return before }
        if profile.projectID != before.profile.projectID {
            try await Project.require(profile.projectID, of: organization, "project_id", transaction)
        }
        let entity = try Self.entity(id, organization, profile)
        let rows = try await mappingSerialNumber {
            try await transaction.batch([
                Self.update(before, profile, status) + Self.returning, entity.update,
            ])
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
            let device: Device = try await transaction.lock(Self.select(id, organization), ifMatch: versions)
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

    private static func select(_ id: UUID, _ organization: UUID) -> SQL {
        "SELECT \(Device.columns) FROM devices.devices WHERE organization_id = \(organization) AND id = \(id)"
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
}
