import EventBus
import FoundationEssentials
import Identity
import Postgres

extension EventApplication {
    /// What this service keeps of others, as they tell it anew. None of it is needed to serve: an organization without
    /// limits is not limited.
    func sources(auth: PeerClient, billing: PeerClient) -> [SnapshotSource] {
        let organizations = ProjectionPart.organizations(
            subjects: """
                SELECT organization_id::text FROM devices.devices
                UNION SELECT organization_id::text FROM devices.provisioning_keys
                """
        ) { organization, transaction in
            try await transaction.query(removal.begin(organization))
        }
        let projects = ProjectionPart(
            "projects",
            subjects: """
                SELECT project_id::text FROM devices.devices WHERE project_id IS NOT NULL
                UNION SELECT defaults ->> 'project_id' FROM devices.provisioning_keys WHERE defaults ? 'project_id'
                """, forget: leave)
        return [
            SnapshotSource(.auth, parts: [organizations, projects]) { try await auth.get($0) },
            SnapshotSource(.billing, parts: [Self.limits]) { try await billing.get($0) },
        ]
    }

    /// As when the deletion of the projects is told.
    @Sendable private func leave(_ projects: [String], _ transaction: Transaction) async throws {
        let rows = try await transaction.query(
            """
            SELECT project_id, organization_id FROM devices.devices WHERE project_id = ANY(\(projects)::uuid[])
            UNION SELECT (defaults ->> 'project_id')::uuid, organization_id FROM devices.provisioning_keys
            WHERE defaults ->> 'project_id' = ANY(\(projects))
            ORDER BY project_id, organization_id
            """)
        for row in rows {
            let (project, organization) = try row.decode(UUID.self, UUID.self)
            try await provisioningKeys.forget(project, of: organization, transaction)
            try await devices.leave(project, of: organization, .system, transaction)
        }
    }

    private static let limits = ProjectionPart(
        "limits", subjects: "SELECT organization_id::text FROM devices.limits"
    ) { ids, transaction in
        try await transaction.query("DELETE FROM devices.limits WHERE organization_id = ANY(\(ids)::uuid[])")
    }
}
