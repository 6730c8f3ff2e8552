import FoundationEssentials
import Postgres

/// How devices came to be, from what provisioning, claiming and the audit trail keep.
struct ProvisionRecordStore: Sendable {
    let database: PostgresClient

    /// - Throws: ``DeviceError/notFound``.
    func find(_ device: Device) async throws -> ProvisionRecord {
        let (id, organization) = (device.id, device.organizationID)
        let rows = try await database.batch(
            [
                """
                SELECT version, applied_version, applied_at FROM devices.configs
                WHERE organization_id = \(organization) AND device_id = \(id)
                """,
                """
                SELECT key_id, key_name, address, times, first_at, last_at FROM devices.provisions
                WHERE organization_id = \(organization) AND device_id = \(id)
                """,
                """
                SELECT claimed_by, claimed_at FROM devices.claims
                WHERE organization_id = \(organization) AND device_id = \(id)
                """,
                // Written with the device, hence at the same time.
                """
                SELECT coalesce(actor ->> 'type', 'system'), actor ->> 'id' FROM core.events
                WHERE organization_id = \(organization) AND entity_id = \(id) AND event_type = 'device.registered'
                    AND timestamp = \(device.createdAt)
                """,
            ], as: .organization(organization))
        guard let config = try rows[0].first?.decode(Int.self, Int?.self, Timestamp?.self) else {
            throw DeviceError.notFound
        }
        let provision = try rows[1].first.map(ProvisionRecord.Provision.init(row:))
        return ProvisionRecord(
            device: device, origin: try rows[3].first.map { try Self.origin($0, provision) }, provision: provision,
            claim: try rows[2].first.map(ProvisionRecord.Claim.init(row:)), configVersion: config.0,
            appliedConfigVersion: config.1, configAppliedAt: config.2)
    }

    private static func origin(
        _ row: Row, _ provision: ProvisionRecord.Provision?
    ) throws -> ProvisionRecord.Origin {
        let (type, text) = try row.decode(String.self, String?.self)
        let id = text.flatMap(UUID.init(uuidString:))
        return ProvisionRecord.Origin(type: type, id: id, name: provision?.keyID == id ? provision?.keyName : nil)
    }
}

extension ProvisionRecord.Provision {
    fileprivate init(row: Row) throws {
        (keyID, keyName, address, times, firstAt, lastAt) = try row.decode(
            UUID.self, String.self, String?.self, Int.self, Timestamp.self, Timestamp.self)
    }
}

extension ProvisionRecord.Claim {
    fileprivate init(row: Row) throws {
        (user, at) = try row.decode(UUID.self, Timestamp.self)
    }
}
