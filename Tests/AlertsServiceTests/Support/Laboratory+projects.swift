import FoundationEssentials
import Kernel

extension Laboratory {
    /// Adds a project to the directory, as the auth service does.
    func makeProject(named name: String) async throws -> UUID {
        let id = UUID.v7()
        _ = try await server.query(
            """
            INSERT INTO core.entities (id, organization_id, entity_type, name)
            VALUES (\(id), \(organization), 'project', \(name))
            """)
        return id
    }
}
