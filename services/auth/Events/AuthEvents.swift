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

    static func userRegistered(_ id: UUID, email: EmailAddress, name: DisplayName) throws -> Event {
        try Event(
            source: .auth, type: "user.registered", subject: id.text, subjectVersion: 1, organizationID: nil,
            actor: "user:\(id.text)", data: UserData(userID: id.text, email: email.text, name: name.text))
    }

    static func userUpdated(_ user: User) throws -> Event {
        try Event(
            source: .auth, type: "user.updated", subject: user.id.text, subjectVersion: user.version,
            organizationID: nil, actor: "user:\(user.id.text)",
            data: UserData(userID: user.id.text, email: user.email, name: user.name))
    }

    /// The subject is the membership: organization and user.
    static func memberAdded(
        _ user: UUID, to organization: UUID, role: Role, email: String, name: String, version: Int = 1
    ) throws -> Event {
        try Event(
            source: .auth, type: "member.added", subject: "\(organization.text)/\(user.text)",
            subjectVersion: version,
            organizationID: organization, actor: "user:\(user.text)",
            data: MemberData(
                organizationID: organization.text, userID: user.text, role: role.rawValue, email: email, name: name))
    }

    /// Whether somebody may sign in has changed.
    static func userAccess(_ user: User, by actor: UUID) throws -> Event {
        try Event(
            source: .auth, type: user.isActive ? "user.reactivated" : "user.deactivated", subject: user.id.text,
            subjectVersion: user.version, organizationID: nil, actor: "user:\(actor.text)",
            data: UserData(userID: user.id.text, email: user.email, name: user.name))
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
    let name: String

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case email, name
    }
}

private struct MemberData: Encodable {
    let organizationID: String
    let userID: String
    let role: String
    let email: String
    let name: String

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case userID = "user_id"
        case role, email, name
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
