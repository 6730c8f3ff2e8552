import Foundation
import Identity

/// Who may do what with the members of an organization.
enum MembershipRules {
    /// Decides about an invitation to become a member in that role.
    ///
    /// - Throws: ``OrganizationError/forbidden``.
    static func check(_ actor: Role, invitesAs role: Role) throws(OrganizationError) {
        guard actor >= .admin, role != .owner || actor == .owner else { throw .forbidden }
    }

    /// Decides about a change of a member's role, or about the removal where `new` is nil.
    ///
    /// - Parameters:
    ///   - actor: Who wants the change: the user and the role.
    ///   - owners: How many owners there are before the change.
    /// - Throws: ``OrganizationError/forbidden``, ``OrganizationError/lastOwner``.
    static func check(
        _ actor: (id: UUID, role: Role), changes member: Member, to new: Role?, owners: Int
    ) throws(OrganizationError) {
        let isLeaving = new == nil && actor.id == member.userID
        guard isLeaving || actor.role >= .admin else { throw .forbidden }
        let concernsOwner = member.role == .owner || new == .owner
        guard !concernsOwner || actor.role == .owner else { throw .forbidden }
        guard member.role != .owner || new == .owner || owners > 1 else { throw .lastOwner }
    }
}
