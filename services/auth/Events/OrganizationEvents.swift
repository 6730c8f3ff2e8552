import EventBus
import Foundation
import Kernel
import Postgres

/// What this service tells the others of organizations and their members.
extension Event {
    static func organizationUpdated(_ organization: Organization, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "organization.updated", subject: organization.id.text,
            subjectVersion: organization.version, organizationID: organization.id, actor: "user:\(user.text)",
            data: OrganizationUpdate(
                organizationID: organization.id.text, name: organization.name, deletesAt: organization.deletesAt))
    }

    /// As it is, whoever made it so.
    static func organization(_ id: UUID, name: String, deletesAt: Timestamp?, version: Int) throws -> Event {
        try Event(
            source: .auth, type: "organization.updated", subject: id.text, subjectVersion: version,
            organizationID: id, actor: "system",
            data: OrganizationUpdate(organizationID: id.text, name: name, deletesAt: deletesAt))
    }

    /// - Parameter version: The organization's last one.
    static func organizationDeleted(_ id: UUID, version: Int) throws -> Event {
        try Event(
            source: .auth, type: "organization.deleted", subject: id.text, subjectVersion: version + 1,
            organizationID: id, actor: "system", data: ["organization_id": id.text])
    }

    static func memberRoleChanged(_ member: Member, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "member.role_changed", subject: member.subject, subjectVersion: member.version,
            organizationID: member.organizationID, actor: "user:\(user.text)",
            data: [
                "organization_id": member.organizationID.text, "user_id": member.userID.text,
                "role": member.role.rawValue,
            ])
    }

    /// - Parameter version: Greater than the membership's last one.
    static func memberRemoved(_ member: Member, version: Int, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "member.removed", subject: member.subject, subjectVersion: version,
            organizationID: member.organizationID, actor: "user:\(user.text)",
            data: ["organization_id": member.organizationID.text, "user_id": member.userID.text])
    }
}

private struct OrganizationUpdate: Encodable {
    let organizationID: String
    let name: String
    let deletesAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case name
        case deletesAt = "deletes_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(organizationID, forKey: .organizationID)
        try container.encode(name, forKey: .name)
        try container.encode(deletesAt, forKey: .deletesAt)
    }
}

extension Member {
    /// Organization and user.
    fileprivate var subject: String { "\(organizationID.text)/\(userID.text)" }
}
