import Identity
import Kernel
import Postgres

/// An organization with all that its members see of it; without an end its time is null.
struct OrganizationDocument: Encodable, Sendable {
    let organization: Organization

    init(_ organization: Organization) {
        self.organization = organization
    }

    enum CodingKeys: String, CodingKey {
        case id, name, role, version
        case deletesAt = "deletes_at"
        case requiresTwoFactor = "requires_two_factor"
        case isSuspended = "is_suspended"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(organization.id.text, forKey: .id)
        try container.encode(organization.name, forKey: .name)
        try container.encode(organization.role, forKey: .role)
        try container.encode(organization.deletesAt, forKey: .deletesAt)
        try container.encode(organization.requiresTwoFactor, forKey: .requiresTwoFactor)
        try container.encode(organization.isSuspended, forKey: .isSuspended)
        try container.encode(organization.version, forKey: .version)
        try container.encode(organization.createdAt, forKey: .createdAt)
        try container.encode(organization.lastUpdated, forKey: .lastUpdated)
    }
}

/// A member of an organization.
struct MemberDocument: Encodable, Sendable {
    let userID: String
    let name: String
    let email: String
    let role: Role
    let isSuspended: Bool
    let version: Int
    let joinedAt: Timestamp

    init(_ member: Member) {
        userID = member.userID.text
        name = member.name
        email = member.email
        role = member.role
        isSuspended = member.isSuspended
        version = member.version
        joinedAt = member.joinedAt
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case name, email, role, version
        case isSuspended = "is_suspended"
        case joinedAt = "joined_at"
    }
}
