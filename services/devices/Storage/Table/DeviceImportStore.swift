import FoundationEssentials
import Identity
import Kernel
import Postgres

/// What takes files of devices into the registry.
struct DeviceImportStore: Sendable {
    /// How many devices are written in one round trip.
    private static let batchSize = 100

    let ledger: Ledger
    let devices: DeviceStore

    /// What became of a line.
    enum Outcome: Sendable {
        /// With the device's key, which is nowhere else.
        case created(Device, SecretToken)
        case updated(Device)
        case unchanged(Device)
        case refused(DeviceImport.Refusal)
    }

    /// Makes the devices that there are none of, and changes the others as their lines say.
    ///
    /// Imports of one organization come one after the other, so that one that is sent again while the first is under
    /// way finds what that has made. What it cannot take is known before it writes, but for a serial number that is
    /// registered at the same time, which `ON CONFLICT` tells without ending the transaction.
    ///
    /// - Parameter rows: Valid ones, each with another serial number.
    /// - Returns: What became of each, by its line.
    func take(
        _ rows: [DeviceRow], in organization: UUID, _ cause: Cause, _ transaction: Transaction
    ) async throws -> [Int: Outcome] {
        try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended(\("devices.import " + organization.text), 0))")
        var plan = try await plan(rows, in: organization, transaction)
        var outcomes: [Int: Outcome] = [:]
        var registrations: [(line: Int, device: DeviceStore.NewDevice)] = []
        var changes: [Change] = []
        for row in rows {
            switch plan.step(for: row) {
            case .create(let profile):
                registrations.append((row.line, DeviceStore.NewDevice(profile, in: organization)))
            case .update(let device, let profile):
                changes.append(Change(line: row.line, device: device, profile: profile))
            case .leave(let device): outcomes[row.line] = .unchanged(device)
            case .refuse(let refusal): outcomes[row.line] = .refused(refusal)
            }
        }
        for start in stride(from: 0, to: registrations.count, by: Self.batchSize) {
            let batch = registrations[start...].prefix(Self.batchSize)
            let registered = try await devices.insert(batch.map(\.device), cause, transaction)
            for (new, registration) in zip(batch, registered) {
                outcomes[new.line] =
                    registration.map { .created($0.device, $0.key) } ?? .refused(.serialNumberTaken)
            }
        }
        for start in stride(from: 0, to: changes.count, by: Self.batchSize) {
            let batch = changes[start...].prefix(Self.batchSize)
            outcomes.merge(try await change(batch, cause, transaction)) { $1 }
        }
        return outcomes
    }

    // MARK: Parts

    /// A device that is to be changed.
    private struct Change {
        let line: Int
        let device: Device
        let profile: DeviceProfile
    }

    /// Locks the devices that the rows are about.
    private func plan(
        _ rows: [DeviceRow], in organization: UUID, _ transaction: Transaction
    ) async throws -> DeviceImport {
        let allowance = try await DeviceAllowance.read(of: organization, transaction)
        let found = try await transaction.batch([
            """
            SELECT \(Device.columns) FROM devices.devices
            WHERE organization_id = \(organization) AND serial_number = ANY(\(rows.map(\.serialNumber)))
            ORDER BY id FOR UPDATE
            """,
            """
            SELECT id FROM core.entities
            WHERE organization_id = \(organization) AND entity_type = 'project'
                AND id = ANY(\(Array(Set(rows.compactMap(\.profile.projectID)))))
            """,
        ])
        let devices = try found[0].map(Device.init(row:)).map { ($0.profile.serialNumber ?? "", $0) }
        return DeviceImport(
            known: Dictionary(devices) { $1 }, projects: Set(try found[1].map { try $0.decode(UUID.self) }),
            allowance: allowance)
    }

    private func change(
        _ changes: ArraySlice<Change>, _ cause: Cause, _ transaction: Transaction
    ) async throws -> [Int: Outcome] {
        let rows = try await transaction.batch(
            changes.map { try DeviceStore.update($0.device, $0.profile, $0.device.status) + DeviceStore.returning })
        var outcomes: [Int: Outcome] = [:]
        var statements: [SQL] = []
        for (change, rows) in zip(changes, rows) {
            guard let after = try rows.first.map(Device.init(row:)) else { throw DeviceError.notFound }
            outcomes[change.line] = .updated(after)
            statements.append(try DeviceStore.entity(after.id, after.organizationID, after.profile).update)
            statements += try ledger.updated(change.device, after, cause)
        }
        try await transaction.batch(statements)
        return outcomes
    }
}
