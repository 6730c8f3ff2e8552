import Foundation
import HTTPKit
import Identity
import Kernel

/// The members of an organization, with what the caller may do with each.
struct MemberSection: Sendable {
    struct Item: Sendable {
        let id: String
        let path: String
        let name: String
        let email: String
        let role: String
        let isCaller: Bool
        let isSuspended: Bool
        let joined: Moment
        /// The roles that the caller may give, where there are any.
        let roles: [RoleChoice]
        let mayChangeRole: Bool
        let mayRemove: Bool
    }

    struct RoleChoice: Sendable {
        let role: String
        let isChosen: Bool
    }

    let items: [Item]
    let pager: Pager?
    /// Whether somebody can be changed or removed.
    let isManaged: Bool
    let mayLeave: Bool

    /// - Parameter path: The organization's.
    init(_ contents: OrganizationContents, path: String) {
        let actor = (id: contents.caller, role: contents.organization.role)
        // Beyond the people who can be chosen there may be other owners, which the rules look at once more.
        let owners = max(1, contents.people.count { $0.role == .owner })
        items = contents.members.items.map { Item($0, actor: actor, owners: owners, path: path) }
        pager = Pager(
            "Members", of: path, cursor: "cursor", next: contents.members.next, isFirst: contents.members.isFirst,
            anchor: "members")
        isManaged = contents.organization.role >= .admin
        mayLeave = contents.organization.role != .owner || owners > 1
    }
}

extension MemberSection.Item {
    fileprivate init(_ member: Member, actor: (id: UUID, role: Role), owners: Int, path: String) {
        func may(_ new: Role?) -> Bool {
            (try? MembershipRules.check(actor, changes: member, to: new, owners: owners)) != nil
        }
        id = member.userID.text
        self.path = "\(path)/members/\(member.userID.text)"
        name = member.name
        email = member.email
        role = member.role.rawValue
        isCaller = member.userID == actor.id
        isSuspended = member.isSuspended
        joined = Moment(member.joinedAt)
        let allowed = Role.allCases.filter { may($0) }
        roles = allowed.map { MemberSection.RoleChoice(role: $0.rawValue, isChosen: $0 == member.role) }
        mayChangeRole = allowed.contains { $0 != member.role }
        mayRemove = !isCaller && may(nil)
    }
}

/// To whom ownership can go.
struct OwnershipSection: Sendable {
    let message: String?
    let successors: [Choice]
    let hasSuccessors: Bool
    let error: String?

    init(_ contents: OrganizationContents, _ form: FormState) {
        let chosen = form.field("user_id", called: "The new owner")
        message = form.message
        successors = contents.people.filter { $0.userID != contents.caller }.map { member in
            Choice(
                value: member.userID.text, title: "\(member.name) (\(member.email))",
                isChosen: member.userID.text == chosen.value)
        }
        hasSuccessors = !successors.isEmpty
        error = chosen.error
    }
}

/// Whether the organization requires a second factor.
struct FactorPolicySection: Sendable {
    let isRequired: Bool
    /// Only who has a second factor may demand one.
    let mayRequire: Bool
    let message: String?

    init(_ contents: OrganizationContents, _ form: FormState) {
        isRequired = contents.organization.requiresTwoFactor
        mayRequire = contents.hasFactor
        message = form.message
    }
}
