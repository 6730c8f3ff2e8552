import FoundationEssentials
import Postgres

/// Projects as the entity directory has them.
enum Project {
    /// - Throws: ``DeviceError/unknownProject(field:)`` for one that is not the organization's.
    static func require(
        _ id: UUID?, of organization: UUID, _ field: String, _ transaction: Transaction
    ) async throws {
        guard let id else { return }
        let rows = try await transaction.query(
            """
            SELECT 1 FROM core.entities
            WHERE organization_id = \(organization) AND id = \(id) AND entity_type = 'project'
            """)
        guard !rows.isEmpty else { throw DeviceError.unknownProject(field: field) }
    }
}
