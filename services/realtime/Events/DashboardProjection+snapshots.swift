import EventBus
import Identity
import Postgres

extension DashboardProjection {
    /// What the dashboard's tables are made of, as their owners tell it anew. What happened lately is in no snapshot.
    func sources(auth: PeerClient, devices: PeerClient, alerts: PeerClient) -> [SnapshotSource] {
        let organizations = ProjectionPart.organizations(
            subjects: """
                SELECT organization_id::text FROM realtime.devices
                UNION SELECT organization_id::text FROM realtime.members
                """
        ) { organization, transaction in
            try await transaction.query(removal.begin(organization))
        }
        return [
            SnapshotSource(.auth, parts: [organizations, Self.members, .amendments("users")]) {
                try await auth.get($0)
            },
            SnapshotSource(.devices, parts: [Self.devices]) { try await devices.get($0) },
            SnapshotSource(.alerts, parts: [Self.openAlerts]) { try await alerts.get($0) },
        ]
    }

    /// Who is no member any more may have deleted the account, so the name goes, too.
    private static let members = ProjectionPart(
        "members",
        subjects: """
            SELECT organization_id::text || '/' || user_id::text FROM realtime.members
            WHERE removed_at IS NULL OR name <> ''
            """
    ) { subjects, transaction in
        try await transaction.query(
            """
            UPDATE realtime.members SET removed_at = coalesce(removed_at, now()), name = ''
            WHERE (organization_id, user_id) IN (
                SELECT split_part(subject, '/', 1)::uuid, split_part(subject, '/', 2)::uuid
                FROM unnest(\(subjects)) AS gone (subject))
            """)
    }

    private static let devices = ProjectionPart(
        "devices", subjects: "SELECT id::text FROM realtime.devices WHERE NOT is_deleted"
    ) { ids, transaction in
        try await transaction.query("UPDATE realtime.devices SET is_deleted = true WHERE id = ANY(\(ids)::uuid[])")
    }

    private static let openAlerts = ProjectionPart(
        "alerts", subjects: "SELECT id::text FROM realtime.alerts WHERE status IN ('active', 'acknowledged')"
    ) { ids, transaction in
        try await transaction.query("UPDATE realtime.alerts SET status = 'resolved' WHERE id = ANY(\(ids)::uuid[])")
    }
}
