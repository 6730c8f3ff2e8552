import FoundationEssentials

/// What this service needs of the data of `member.added`. An older auth service tells less of the address, to which
/// nothing is mailed then.
struct MemberEventData: Decodable, Sendable {
    let organizationID: UUID
    let userID: UUID
    let name: String
    let email: String?
    let isEmailVerified: Bool?
    let isActive: Bool?
    let userVersion: Int?

    enum CodingKeys: String, CodingKey {
        case name, email
        case organizationID = "organization_id"
        case userID = "user_id"
        case isEmailVerified = "is_email_verified"
        case isActive = "is_active"
        case userVersion = "user_version"
    }
}

/// The data of `member.removed`.
struct MemberRemovedData: Decodable, Sendable {
    let organizationID: UUID
    let userID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case userID = "user_id"
    }
}

/// What this service needs of the data of `user.updated`, `user.deactivated` and `user.reactivated`; likewise.
struct UserEventData: Decodable, Sendable {
    let userID: UUID
    let name: String
    let email: String?
    let isEmailVerified: Bool?
    let isActive: Bool?

    enum CodingKeys: String, CodingKey {
        case name, email
        case userID = "user_id"
        case isEmailVerified = "is_email_verified"
        case isActive = "is_active"
    }
}

/// The data of `user.deleted`.
struct UserDeletedData: Decodable, Sendable {
    let userID: UUID

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}
