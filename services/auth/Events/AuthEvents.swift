import EventBus
import Foundation
import Identity
import Kernel

/// What this service tells the others.
extension Event {
    static func organizationCreated(_ id: UUID, name: String, owner: UUID) throws -> Event {
        try Event(
            source: .auth, type: "organization.created", subject: id.text, subjectVersion: 1, organizationID: id,
            actor: "user:\(owner.text)",
            data: OrganizationData(organizationID: id.text, name: name, ownerID: owner.text))
    }

    static func userRegistered(_ new: NewUser) throws -> Event {
        try Event(
            source: .auth, type: "user.registered", subject: new.id.text, subjectVersion: 1, organizationID: nil,
            actor: "user:\(new.id.text)", data: UserData(PersonState(new)))
    }

    static func userUpdated(_ user: User) throws -> Event {
        try Event(
            source: .auth, type: "user.updated", subject: user.id.text, subjectVersion: user.version,
            organizationID: nil, actor: "user:\(user.id.text)", data: UserData(PersonState(user)))
    }

    /// The subject is the membership: organization and user.
    ///
    /// - Parameter version: The membership's.
    static func memberAdded(
        _ person: PersonState, to organization: UUID, role: Role, version: Int = 1
    ) throws -> Event {
        let user = person.id.text
        return try Event(
            source: .auth, type: "member.added", subject: "\(organization.text)/\(user)", subjectVersion: version,
            organizationID: organization, actor: "user:\(user)",
            data: MemberData(organizationID: organization.text, role: role.rawValue, person: person))
    }

    /// Whether somebody may sign in has changed.
    static func userAccess(_ user: User, by actor: UUID) throws -> Event {
        try Event(
            source: .auth, type: user.isActive ? "user.reactivated" : "user.deactivated", subject: user.id.text,
            subjectVersion: user.version, organizationID: nil, actor: "user:\(actor.text)",
            data: UserData(PersonState(user)))
    }

    /// Nothing is told of the person; who knows something of them forgets it.
    static func userDeleted(_ user: User) throws -> Event {
        try Event(
            source: .auth, type: "user.deleted", subject: user.id.text, subjectVersion: user.version + 1,
            organizationID: nil, actor: "user:\(user.id.text)", data: ["user_id": user.id.text])
    }

    static func sessionRevoked(_ id: UUID, of user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "session.revoked", subject: id.text, subjectVersion: 1, organizationID: nil,
            actor: "user:\(user.text)", data: SessionData(sessionID: id.text, userID: user.text))
    }
}

private struct OrganizationData: Encodable {
    let organizationID: String
    let name: String
    let ownerID: String

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case name
        case ownerID = "owner_id"
    }
}

private struct UserData: Encodable {
    let userID: String
    let email: String
    let isEmailVerified: Bool
    let name: String
    let isActive: Bool

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case isEmailVerified = "is_email_verified"
        case isActive = "is_active"
        case email, name
    }

    init(_ person: PersonState) {
        userID = person.id.text
        email = person.email
        isEmailVerified = person.isEmailVerified
        name = person.name
        isActive = person.isActive
    }
}

private struct MemberData: Encodable {
    let organizationID: String
    let role: String
    let person: PersonState

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case userVersion = "user_version"
        case role
    }

    /// What is told of the user is told of the member, too.
    func encode(to encoder: any Encoder) throws {
        try UserData(person).encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(organizationID, forKey: .organizationID)
        try container.encode(role, forKey: .role)
        try container.encode(person.version, forKey: .userVersion)
    }
}

private struct SessionData: Encodable {
    let sessionID: String
    let userID: String

    enum CodingKeys: String, CodingKey {
        case sessionID = "session_id"
        case userID = "user_id"
    }
}
