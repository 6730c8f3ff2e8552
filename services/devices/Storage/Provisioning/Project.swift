import FoundationEssentials
import Postgres

/// Projects as the entity directory has them.
enum Project {
    /// - Throws: ``ProvisioningError/unknownProject(field:)`` for one that is not the organization's.
    static func require(
        _ id: UUID, of organization: UUID, _ field: String, _ transaction: Transaction
    ) async throws {
        let rows = try await transaction.query(
            """
            SELECT 1 FROM core.entities
            WHERE organization_id = \(organization) AND id = \(id) AND entity_type = 'project'
            """)
        guard !rows.isEmpty else { throw ProvisioningError.unknownProject(field: field) }
    }
}
