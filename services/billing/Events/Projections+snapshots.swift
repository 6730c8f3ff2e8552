import EventBus
import Identity
import Postgres

extension Projections {
    /// What the projections are made of, as their owners tell it anew. What is counted is in no snapshot.
    func sources(auth: PeerClient, devices: PeerClient) -> [SnapshotSource] {
        let registered = ProjectionPart.organizations(
            subjects: "SELECT organization_id::text FROM billing.organizations WHERE NOT is_deleted"
        ) { organization, transaction in
            try await organizations.remove(organization, transaction)
        }
        return [
            SnapshotSource(.auth, parts: [registered]) { try await auth.get($0) },
            SnapshotSource(.devices, parts: [Self.registry]) { try await devices.get($0) },
        ]
    }

    /// When a device was deleted is not known any more; until now it was there.
    private static let registry = ProjectionPart(
        "devices", subjects: "SELECT id::text FROM billing.devices WHERE deleted_at IS NULL"
    ) { ids, transaction in
        try await transaction.query(
            "UPDATE billing.devices SET deleted_at = now() WHERE id = ANY(\(ids)::uuid[]) AND deleted_at IS NULL")
    }
}
