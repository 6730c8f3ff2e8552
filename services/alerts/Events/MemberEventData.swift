import FoundationEssentials

/// What this service needs of the data of `member.added`.
struct MemberEventData: Decodable, Sendable {
    let organizationID: UUID
    let userID: UUID
    let name: String

    enum CodingKeys: String, CodingKey {
        case name
        case organizationID = "organization_id"
        case userID = "user_id"
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

/// What this service needs of the data of `user.updated`.
struct UserEventData: Decodable, Sendable {
    let userID: UUID
    let name: String

    enum CodingKeys: String, CodingKey {
        case name
        case userID = "user_id"
    }
}

/// The data of `user.deleted`.
struct UserDeletedData: Decodable, Sendable {
    let userID: UUID

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}
