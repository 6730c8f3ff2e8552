import EventBus
import FoundationEssentials
import Identity
import Postgres

extension Projections {
    /// What the projections are made of, as their owners tell it anew.
    func sources(auth: PeerClient, devices: PeerClient) -> [SnapshotSource] {
        let organizations = ProjectionPart.organizations(
            subjects: """
                SELECT organization_id::text FROM alerts.devices
                UNION SELECT organization_id::text FROM alerts.rules
                UNION SELECT organization_id::text FROM alerts.members
                """
        ) { organization, transaction in
            try await transaction.query(removal.begin(organization))
        }
        let registry = ProjectionPart(
            "devices", subjects: "SELECT id::text FROM alerts.devices WHERE NOT is_deleted", forget: forget)
        // Who is no member any more may have deleted the account, so the name goes, too.
        let people = ProjectionPart(
            "members",
            subjects: """
                SELECT organization_id::text || '/' || user_id::text FROM alerts.members
                WHERE removed_at IS NULL OR name <> ''
                """, forget: forgetMembers)
        return [
            SnapshotSource(.auth, parts: [organizations, people, .amendments("users")]) { try await auth.get($0) },
            SnapshotSource(.devices, parts: [registry]) { try await devices.get($0) },
        ]
    }

    /// As when their deletion is told.
    @Sendable private func forget(_ ids: [String], _ transaction: Transaction) async throws {
        let rows = try await transaction.query(
            "SELECT id, organization_id, version FROM alerts.devices WHERE id = ANY(\(ids)::uuid[]) ORDER BY id")
        for row in rows {
            let (id, organization, version) = try row.decode(UUID.self, UUID.self, Int.self)
            try await devices.remove(id, of: organization, version: version + 1, transaction)
            try await life.resolveAll(ofDevice: id, in: organization, transaction)
        }
    }

    /// As when their removal is told, and their accounts' deletion.
    @Sendable private func forgetMembers(_ subjects: [String], _ transaction: Transaction) async throws {
        let gone = subjects.compactMap { subject -> (organization: UUID, user: UUID)? in
            let ids = subject.split(separator: "/").compactMap { UUID(uuidString: String($0)) }
            return ids.count == 2 ? (ids[0], ids[1]) : nil
        }
        try await members.remove(missing: gone, transaction)
        for member in gone { try await life.unassignAll(of: member.user, in: member.organization, transaction) }
    }
}
