import FoundationEssentials
import Identity
import Postgres

/// Which devices a user may watch.
struct VisibleDevices: Sendable {
    let database: PostgresClient

    /// Those that the user's grants name and those of the projects that they name; nil for whoever may see all.
    ///
    /// - Throws: `PostgresError`.
    func devices(of user: UserPrincipal, in organization: UUID) async throws -> Set<UUID>? {
        guard case .only(let devices, let projects) = user.deviceVisibility else { return nil }
        guard !projects.isEmpty else { return Set(devices) }
        let rows = try await database.query(
            """
            SELECT id FROM realtime.devices
            WHERE organization_id = \(organization) AND project_id = ANY(\(projects)) AND NOT is_deleted
            """, as: .organization(organization))
        return try Set(devices).union(rows.map { try $0.decode(UUID.self, at: 0) })
    }
}
