import Foundation
import HTTPKit
import Identity
import Postgres

/// Changes and ends memberships. What a member's credentials say of the old role is void everywhere within a second.
///
/// Each change locks the organization first, so that two owners cannot both be the last but one.
struct Members: Sendable {
    let organizations: OrganizationStore
    let store: MemberStore
    let projects: ProjectStore
    let ledger: Ledger
    let announcer: RevocationAnnouncer

    /// A page of the members, for any of them.
    ///
    /// - Throws: ``OrganizationError``.
    func list(
        in id: UUID, by requester: Requester, _ page: PageRequest<MemberStore.Place>
    ) async throws -> [Member] {
        guard let organization = try await organizations.find(id, of: requester.userID) else {
            throw OrganizationError.notFound
        }
        try organization.role(of: requester)
        return try await store.list(in: id, page)
    }

    /// - Parameter versions: Those of the membership that the caller allows a change of; nil allows any.
    /// - Throws: ``OrganizationError``.
    func setRole(
        _ role: Role, of user: UUID, in organization: UUID, ifVersions versions: Set<Int>?, by requester: Requester
    ) async throws -> Member {
        let (member, revocation) = try await change(user, in: organization, by: requester) {
            actor, member, owners, transaction in
            try MembershipRules.check((requester.userID, actor), changes: member, to: role, owners: owners)
            if let versions, !versions.contains(member.version) { throw OrganizationError.stale }
            return try await setRole(role, of: member, by: requester, transaction)
        }
        await announce([revocation])
        return member
    }

    /// Ends a membership, by an admin's hand or the member's own.
    ///
    /// - Throws: ``OrganizationError``.
    func remove(
        _ user: UUID, from organization: UUID, ifVersions versions: Set<Int>? = nil, by requester: Requester
    ) async throws {
        // Whoever is suspended may leave all the same.
        let isLeaving = user == requester.userID
        let revocation = try await change(user, in: organization, by: requester, evenSuspended: isLeaving) {
            actor, member, owners, transaction -> Revocation in
            try MembershipRules.check((requester.userID, actor), changes: member, to: nil, owners: owners)
            if let versions, !versions.contains(member.version) { throw OrganizationError.stale }
            return try await end(member, by: requester.userID, transaction)
        }
        await announce([revocation])
    }

    /// Ends a membership in an organization that is locked.
    ///
    /// - Returns: What is to be announced.
    func end(_ member: Member, by user: UUID, _ transaction: Transaction) async throws -> Revocation {
        try await projects.forgetLead(member.userID, in: member.organizationID, by: user, transaction)
        let version = try await store.delete(member, transaction)
        try await transaction.batch(ledger.removed(member, version: version, by: user))
        return try await revoke(member, transaction)
    }

    /// Makes another member an owner, and the requester an admin.
    ///
    /// - Throws: ``OrganizationError``.
    func transferOwnership(of organization: UUID, to user: UUID, by requester: Requester) async throws {
        let revocations = try await change(requester.userID, in: organization, by: requester) {
            actor, owner, _, transaction -> [Revocation?] in
            guard actor == .owner else { throw OrganizationError.forbidden }
            guard user != requester.userID,
                let successor = try await store.find(user, in: organization, transaction).member
            else { throw OrganizationError.noSuccessor }
            return [
                try await setRole(.owner, of: successor, by: requester, transaction).1,
                try await setRole(.admin, of: owner, by: requester, transaction).1,
            ]
        }
        await announce(revocations)
    }

    // MARK: Parts

    /// Runs `body` with the requester's role, the member, and the number of owners, none of which others change
    /// meanwhile.
    private func change<Value: Sendable>(
        _ user: UUID, in id: UUID, by requester: Requester, evenSuspended: Bool = false,
        _ body: @Sendable (Role, Member, Int, Transaction) async throws -> Value
    ) async throws -> Value {
        try await organizations.database.withTransaction(as: .platform) { transaction -> Value in
            guard let organization = try await organizations.lock(id, of: requester.userID, transaction) else {
                throw OrganizationError.notFound
            }
            let role = try organization.role(of: requester, evenSuspended: evenSuspended)
            let (member, owners) = try await store.find(user, in: id, transaction)
            guard let member else { throw OrganizationError.notFound }
            return try await body(role, member, owners, transaction)
        }
    }

    private func setRole(
        _ role: Role, of member: Member, by requester: Requester, _ transaction: Transaction
    ) async throws -> (Member, Revocation?) {
        guard role != member.role else { return (member, nil) }
        let changed = try await store.setRole(role, of: member, transaction)
        try await transaction.batch(ledger.roleChanged(member, changed, by: requester.userID))
        return (changed, try await revoke(member, transaction))
    }

    /// Voids what was issued to the member so far; comes last in its transaction, since what is issued until the commit
    /// still says the old role.
    private func revoke(_ member: Member, _ transaction: Transaction) async throws -> Revocation {
        try await MemberStore.revoke(member.userID, in: member.organizationID, transaction)
    }

    private func announce(_ revocations: [Revocation?]) async {
        ledger.outbox.wake()
        for revocation in revocations.compactMap(\.self) { await announcer.announce(revocation) }
    }
}
