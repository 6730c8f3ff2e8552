import Foundation
import Identity

/// Who asks something of an organization, which need not be the active one.
struct Requester: Sendable, Hashable {
    let userID: UUID
    /// Where a personal access token is good for, and the greatest role it acts as; nil for a session, which acts
    /// wherever its user is a member.
    let confinement: Membership?

    init(userID: UUID, confinement: Membership? = nil) {
        self.userID = userID
        self.confinement = confinement
    }

    /// - Throws: ``OrganizationError/forbidden`` for a token that acts in no organization.
    init(_ user: UserPrincipal) throws(OrganizationError) {
        guard user.sessionID == nil else {
            self.init(userID: user.id)
            return
        }
        guard let organization = user.organizationID, let role = user.role else { throw .forbidden }
        self.init(userID: user.id, confinement: Membership(organizationID: organization, role: role))
    }

    /// The role that a member with `role` has by this credential; nil where the credential is not good for.
    func role(_ role: Role, in organization: UUID) -> Role? {
        guard let confinement else { return role }
        return confinement.organizationID == organization ? min(role, confinement.role) : nil
    }
}

extension Organization {
    /// The role in which the requester, who is the member that sees this, acts here.
    ///
    /// - Throws: ``OrganizationError/notFound`` where the credential is not good for, ``OrganizationError/forbidden`` for
    ///   a smaller role than `least`, ``OrganizationError/secondFactorRequired``.
    @discardableResult
    func role(
        of requester: Requester, atLeast least: Role = .viewer, evenSuspended: Bool = false
    ) throws(OrganizationError) -> Role {
        guard let role = requester.role(role, in: id) else { throw .notFound }
        guard !isSuspended || evenSuspended else { throw .secondFactorRequired }
        guard role >= least else { throw .forbidden }
        return role
    }
}
