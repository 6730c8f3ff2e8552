import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Invites people to organizations by letter, and takes their answers.
struct Invitations: Sendable {
    let organizations: Organizations
    let store: InvitationStore
    let ledger: InvitationLedger
    let correspondence: Correspondence
    let announcer: RevocationAnnouncer
    /// By organization: letters to strangers are not to be sent without end.
    let limit: ActionGuard

    // MARK: The organization's side

    /// - Throws: ``OrganizationError``.
    func list(in id: UUID, by requester: Requester, _ page: PageRequest<UUID>) async throws -> [Invitation] {
        let organization = try await organizations.find(id, by: requester, atLeast: .admin)
        return try await store.list(in: organization.id, page)
    }

    /// Invites whoever reads mail to the address. After the commit ``wake()`` is to be called.
    ///
    /// - Returns: The invitation, and what it is answered with.
    /// - Throws: ``OrganizationError``, ``InvitationError``, ``SignInGuard/TooManyAttempts``.
    func create(
        _ email: EmailAddress, as role: Role, in id: UUID, by requester: Requester, _ transaction: Transaction
    ) async throws -> (Invitation, SecretToken) {
        let organization = try await organizations.lock(id, by: requester, transaction)
        try MembershipRules.check(try organization.role(of: requester), invitesAs: role)
        try await limit.admit(id.text)
        if let allowance = try await MemberAllowance.read(of: id, transaction), allowance.isPromised {
            throw InvitationError.limitReached(plan: allowance.plan, limit: allowance.limit)
        }
        let token = SecretToken(.invitation)
        let invitation = try await store.insert(
            email, as: role, to: id, by: requester.userID, token: token.hash, transaction)
        try await transaction.batch(
            [ledger.audit("invitation.created", invitation, by: requester.userID), try letter(invitation, token)])
        return (invitation, token)
    }

    /// Sends the letter again, with another token, and gives it as long again to be answered.
    ///
    /// - Throws: ``OrganizationError``, ``InvitationError``, ``SignInGuard/TooManyAttempts``.
    func resend(_ invitationID: UUID, in id: UUID, by requester: Requester) async throws -> Invitation {
        let token = SecretToken(.invitation)
        let invitation = try await store.database.withTransaction(as: .platform) { transaction -> Invitation in
            let organization = try await organizations.lock(id, by: requester, transaction)
            try MembershipRules.check(try organization.role(of: requester), invitesAs: .viewer)
            try await limit.admit(id.text)
            guard let invitation = try await store.renew(invitationID, in: id, token: token.hash, transaction) else {
                throw InvitationError.notFound
            }
            // One that had run out is another promise.
            if let allowance = try await MemberAllowance.read(of: id, transaction), allowance.isExceeded {
                throw InvitationError.limitReached(plan: allowance.plan, limit: allowance.limit)
            }
            try await transaction.batch(
                [ledger.audit("invitation.resent", invitation, by: requester.userID), try letter(invitation, token)])
            return invitation
        }
        wake()
        return invitation
    }

    /// - Throws: ``OrganizationError``, ``InvitationError/notFound``.
    func revoke(_ invitationID: UUID, in id: UUID, by requester: Requester) async throws {
        try await store.database.withTransaction(as: .platform) { transaction in
            let organization = try await organizations.lock(id, by: requester, transaction)
            try MembershipRules.check(try organization.role(of: requester), invitesAs: .viewer)
            let condition: SQL = "i.id = \(invitationID) AND i.organization_id = \(id)"
            guard let invitation = try await store.remove(condition, transaction) else {
                throw InvitationError.notFound
            }
            try await transaction.query(ledger.audit("invitation.revoked", invitation, by: requester.userID))
        }
    }

    /// Lets letters be sent and events be told.
    func wake() {
        ledger.outbox.wake()
        correspondence.queue.wake.wake()
    }

    private func letter(_ invitation: Invitation, _ token: SecretToken) throws -> SQL {
        guard let address = EmailAddress(invitation.email) else { throw InvitationError.notFound }
        return try correspondence.queue.insert(
            .invitation(
                of: address, to: invitation.organizationName, from: invitation.inviterName ?? "Somebody",
                as: invitation.role.rawValue, link: correspondence.links.invitation(token)))
    }

    // MARK: The other side

    /// Makes the user a member. What the user had there as a guest is void, as the role is another one now.
    ///
    /// - Returns: The organization, as the new member sees it.
    /// - Throws: ``InvitationError/notFound``.
    func accept(_ reference: InvitationReference, by user: UUID) async throws -> Organization {
        guard let found = try await store.find(reference, for: user) else { throw InvitationError.notFound }
        let (organization, revocation) = try await store.database.withTransaction(as: .platform) {
            transaction -> (Organization, Revocation) in
            // Whoever changes members locks the organization first.
            _ = try await organizations.store.lock(found.organizationID, of: user, transaction)
            let condition: SQL = "\(InvitationStore.matches(reference, user)) AND i.expires_at > now()"
            guard let invitation = try await store.remove(condition, transaction) else {
                throw InvitationError.notFound
            }
            if case .token = reference {
                // Who answers a letter to the own address has read it.
                _ = try await UserStore.verify(invitation.email, of: user, ledger.outbox, transaction)
            }
            try await join(user, invitation, transaction)
            guard
                let organization = try await organizations.store.lock(invitation.organizationID, of: user, transaction)
            else { throw InvitationError.notFound }
            return (organization, try await MemberStore.revoke(user, in: organization.id, transaction))
        }
        wake()
        await announcer.announce(revocation)
        return organization
    }

    /// - Parameter user: Nil for somebody who is not signed in, but has the letter.
    /// - Throws: ``InvitationError/notFound``.
    func decline(_ reference: InvitationReference, by user: UUID?) async throws {
        try await store.database.withTransaction(as: .platform) { transaction in
            let condition: SQL = "\(InvitationStore.matches(reference, user)) AND i.expires_at > now()"
            guard let invitation = try await store.remove(condition, transaction) else {
                throw InvitationError.notFound
            }
            try await transaction.query(ledger.audit("invitation.declined", invitation, by: user))
        }
    }

    /// Somebody who is a member already stays as they are. Between the invitation and now the plan may have become a
    /// smaller one.
    private func join(_ user: UUID, _ invitation: Invitation, _ transaction: Transaction) async throws {
        let allowance = try await MemberAllowance.read(of: invitation.organizationID, transaction)
        let rows = try await transaction.query(
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(invitation.organizationID), \(user), \(invitation.role.rawValue))
            ON CONFLICT DO NOTHING RETURNING version
            """)
        guard let version = try rows.first?.decode(Int.self) else { return }
        if let allowance, allowance.isUsedUp {
            throw InvitationError.limitReached(plan: allowance.plan, limit: allowance.limit)
        }
        // What is told of the user from now on comes behind this.
        let people = try await transaction.query(
            "SELECT \(UserStore.columns) FROM auth.users u WHERE id = \(user) FOR SHARE")
        guard let member = try people.first.map(User.init) else { throw InvitationError.notFound }
        try await transaction.batch(ledger.accepted(invitation, by: member, version: version))
    }
}
