import EventBus
import Identity
import Postgres

extension DeviceProjection {
    /// What the projection is made of, as its owners tell it anew.
    func sources(auth: PeerClient, devices: PeerClient) -> [SnapshotSource] {
        let organizations = ProjectionPart.organizations(
            subjects: """
                SELECT organization_id::text FROM readings.devices
                UNION SELECT organization_id::text FROM readings.series
                """
        ) { organization, transaction in
            try await transaction.query(removal.begin(organization))
        }
        return [
            SnapshotSource(.auth, parts: [organizations]) { try await auth.get($0) },
            SnapshotSource(.devices, parts: [Self.devices, Self.keys]) { try await devices.get($0) },
        ]
    }

    private static let devices = ProjectionPart(
        "devices", subjects: "SELECT id::text FROM readings.devices WHERE NOT is_deleted"
    ) { ids, transaction in
        try await transaction.batch([
            "UPDATE readings.devices SET is_deleted = true WHERE id = ANY(\(ids)::uuid[])",
            "UPDATE readings.keys SET is_revoked = true WHERE device_id = ANY(\(ids)::uuid[])",
        ])
    }

    private static let keys = ProjectionPart(
        "keys", subjects: "SELECT encode(key_hash, 'hex') FROM readings.keys WHERE NOT is_revoked"
    ) { hashes, transaction in
        try await transaction.query(
            """
            UPDATE readings.keys SET is_revoked = true
            WHERE key_hash IN (SELECT decode(hash, 'hex') FROM unnest(\(hashes)) AS gone (hash))
            """)
    }
}
