import Foundation
import HTTPKit
import Identity

/// What a grant is given with, as it arrives.
struct GrantInput: Decodable, Sendable {
    struct Resource: Decodable, Sendable {
        let type: String
        let id: UUID
    }

    private let userID: UUID?
    private let tokenID: UUID?
    private let resource: Resource
    private let role: Role

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case tokenID = "token_id"
        case resource, role
    }

    /// - Throws: `Problem` 422 unless exactly one is named.
    var holder: Grant.Holder {
        get throws(Problem) {
            switch (userID, tokenID) {
            case (let user?, nil): .user(user)
            case (nil, let token?): .token(token)
            default: throw .invalid("user_id", "or token_id must be given, not both")
            }
        }
    }

    /// - Throws: `Problem` 422 for another type of resource, and for owners, who own all of an organization.
    var grant: ResourceGrant {
        get throws(Problem) {
            guard role != .owner else { throw .invalid("role", "must be one of admin, member, viewer") }
            guard let grant = ResourceGrant(resource.type, resource.id, role.rawValue) else {
                throw .invalid("resource.type", "must be one of device, project")
            }
            return grant
        }
    }
}
