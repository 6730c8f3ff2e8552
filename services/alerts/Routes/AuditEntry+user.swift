import FoundationEssentials
import Identity
import Kernel
import Postgres

extension AuditEntry {
    /// What a user did to something of their organization.
    ///
    /// - Parameter data: What changed; never a secret.
    init(_ type: String, of id: UUID, in organization: UUID, by user: UserPrincipal, data: some Encodable) throws {
        self.init(
            type: type, entityID: id, organizationID: organization,
            actor: try JSONB(["type": "user", "id": user.id.text]), data: try JSONB(data))
    }
}
