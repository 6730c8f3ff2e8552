import Foundation
import Kernel
import Postgres

/// A grant as it is answered, and as the audit log keeps it.
struct GrantDocument: Encodable {
    private struct Resource: Encodable {
        let type: String
        let id: String
    }

    private let grant: Grant

    init(_ grant: Grant) {
        self.grant = grant
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case userID = "user_id"
        case tokenID = "token_id"
        case resource, role
        case createdAt = "created_at"
    }

    /// Of `user_id` and `token_id` one is null.
    func encode(to encoder: any Encoder) throws {
        let (user, token) = grant.holder.ids
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(grant.id.text, forKey: .id)
        try container.encode(user?.text, forKey: .userID)
        try container.encode(token?.text, forKey: .tokenID)
        try container.encode(Resource(type: grant.resource.type, id: grant.resource.id.text), forKey: .resource)
        try container.encode(grant.resource.role, forKey: .role)
        try container.encode(grant.createdAt, forKey: .createdAt)
    }
}
