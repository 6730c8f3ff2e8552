import EventBus
import Foundation
import Kernel
import Postgres

/// The statements that go into the transaction of a change, besides the change: its row in the audit trail and its
/// event in the outbox.
struct Ledger: Sendable {
    /// What something was and what it became, in the audit trail.
    private struct Difference<State: Encodable>: Encodable {
        let before: State?
        let after: State?
    }

    let outbox: Outbox

    // MARK: Organizations

    func updated(_ before: Organization, _ after: Organization, by user: UUID) throws -> [SQL] {
        [
            try audit(
                "organization.updated", after.id, after.id, by: user, before: OrganizationState(before),
                after: OrganizationState(after)),
            outbox.append(try .organizationUpdated(after, by: user)),
        ]
    }

    // MARK: Members

    func roleChanged(_ before: Member, _ after: Member, by user: UUID) throws -> [SQL] {
        [
            try audit(
                "member.role_changed", after.userID, after.organizationID, by: user,
                before: ["role": before.role.rawValue], after: ["role": after.role.rawValue]),
            outbox.append(try .memberRoleChanged(after, by: user)),
        ]
    }

    /// - Parameter version: The membership's last one.
    func removed(_ member: Member, version: Int, by user: UUID) throws -> [SQL] {
        [
            try audit(
                "member.removed", member.userID, member.organizationID, by: user,
                before: ["role": member.role.rawValue], after: nil),
            outbox.append(try .memberRemoved(member, version: version, by: user)),
        ]
    }

    // MARK: Projects

    func created(_ project: Project, by user: UUID) throws -> [SQL] {
        [
            try audit("project.created", project.id, project.organizationID, by: user, before: nil, after: project),
            outbox.append(try .project("created", project, by: user)),
        ]
    }

    func updated(_ before: Project, _ after: Project, by user: UUID) throws -> [SQL] {
        [
            try audit("project.updated", after.id, after.organizationID, by: user, before: before, after: after),
            outbox.append(try .project("updated", after, by: user)),
        ]
    }

    func deleted(_ project: Project, by user: UUID) throws -> [SQL] {
        [
            try audit("project.deleted", project.id, project.organizationID, by: user, before: project, after: nil),
            outbox.append(try .projectDeleted(project, by: user)),
        ]
    }

    // MARK: Parts

    private func audit<State: Encodable>(
        _ type: String, _ entity: UUID, _ organization: UUID, by user: UUID, before: State?, after: State?
    ) throws -> SQL {
        try AuditEntry(
            type: type, entityID: entity, organizationID: organization, actor: Actor.user(user),
            data: JSONB(Difference(before: before, after: after))
        ).insert
    }
}

/// What can change of an organization.
private struct OrganizationState: Encodable {
    let name: String
    let deletesAt: Timestamp?
    let requiresTwoFactor: Bool

    init(_ organization: Organization) {
        name = organization.name
        deletesAt = organization.deletesAt
        requiresTwoFactor = organization.requiresTwoFactor
    }

    enum CodingKeys: String, CodingKey {
        case name
        case deletesAt = "deletes_at"
        case requiresTwoFactor = "requires_two_factor"
    }
}
