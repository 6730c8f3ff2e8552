import FoundationEssentials
import Identity
import Kernel
import Postgres

extension DeviceStore {
    /// A device that is to be made, with its first key and its first configuration.
    struct NewDevice: Sendable {
        let id = UUID.v7()
        let organizationID: UUID
        let profile: DeviceProfile
        let config: [String: AnyJSON]
        let secret = SecretToken(.deviceKey)

        init(_ profile: DeviceProfile, config: [String: AnyJSON] = [:], in organization: UUID) {
            organizationID = organization
            self.profile = profile
            self.config = config
        }
    }

    /// The device as it answers its registration, with its key, which is nowhere else.
    struct Registration: Sendable {
        let device: Device
        let key: SecretToken
    }

    /// Writes devices in two round trips, whatever their number.
    ///
    /// That the organization may have them, and has their projects, is for the caller to see to.
    ///
    /// - Returns: Each in its place; nil for one whose serial number another device has, which may have got it at the
    ///   same time. The transaction goes on.
    func insert(
        _ devices: some Collection<NewDevice> & Sendable, _ cause: Cause, _ transaction: Transaction
    ) async throws -> [Registration?] {
        let rows = try await transaction.batch(
            devices.map { new in
                try Self.insert(new.profile, id: new.id, new.organizationID)
                    + " ON CONFLICT ON CONSTRAINT devices_serial_number_key DO NOTHING" + Self.returning
            })
        var registrations: [Registration?] = []
        var statements: [SQL] = []
        for (new, rows) in zip(devices, rows) {
            guard let device = try rows.first.map(Device.init(row:)) else {
                registrations.append(nil)
                continue
            }
            let key = DeviceKey(new: new.secret, of: device.id, in: device.organizationID)
            statements += [key.insert, try Self.entity(device.id, device.organizationID, device.profile).insert]
            statements += try Self.configure(device.id, device.organizationID, new.config, cause)
            statements += try ledger.registered(device, cause) + [ledger.issued(key, cause)]
            registrations.append(Registration(device: device, key: new.secret))
        }
        if !statements.isEmpty { try await transaction.batch(statements) }
        return registrations
    }
}
