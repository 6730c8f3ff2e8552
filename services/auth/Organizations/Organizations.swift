import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Makes, renames, deletes and restores organizations.
///
/// The table of routes says in which role somebody may ask for what. A role can change until the organization is locked,
/// so whatever changes something looks at it again then.
struct Organizations: Sendable {
    let store: OrganizationStore
    let members: MemberStore
    let ledger: Ledger
    let announcer: RevocationAnnouncer
    /// How long an organization can be restored.
    let grace: Duration

    // MARK: Reading

    /// Those that the requester belongs to.
    func list(of requester: Requester, _ page: PageRequest<UUID>) async throws -> [Organization] {
        try await store.list(of: requester.userID, within: requester.confinement?.organizationID, page)
    }

    /// The organization, for who acts there at least in the role `least`.
    ///
    /// - Throws: ``OrganizationError``.
    @discardableResult
    func find(
        _ id: UUID, by requester: Requester, atLeast least: Role = .viewer, evenSuspended: Bool = false
    ) async throws -> Organization {
        guard let organization = try await store.find(id, of: requester.userID) else {
            throw OrganizationError.notFound
        }
        try organization.role(of: requester, atLeast: least, evenSuspended: evenSuspended)
        return organization
    }

    /// As ``find(_:by:atLeast:evenSuspended:)``; nobody else changes the organization or its members until the transaction ends.
    ///
    /// - Throws: ``OrganizationError``.
    func lock(
        _ id: UUID, by requester: Requester, atLeast least: Role = .viewer, _ transaction: Transaction
    ) async throws -> Organization {
        guard let organization = try await store.lock(id, of: requester.userID, transaction) else {
            throw OrganizationError.notFound
        }
        try organization.role(of: requester, atLeast: least)
        return organization
    }

    // MARK: Changing

    /// Makes an organization that the user owns. After the commit the outbox is to be woken.
    ///
    /// - Throws: ``OrganizationError/forbidden`` for a user who is no more.
    func create(_ name: DisplayName, owner: UUID, _ transaction: Transaction) async throws -> Organization {
        let id = UUID.v7()
        let rows = try await transaction.query(
            "SELECT \(UserStore.columns) FROM auth.users u WHERE u.id = \(owner) AND u.is_active FOR SHARE")
        guard let user = try rows.first.map(User.init) else { throw OrganizationError.forbidden }
        let events: [Event] = [
            try .organizationCreated(id, name: name.text, owner: owner),
            try .memberAdded(PersonState(user), to: id, role: .owner),
        ]
        try await transaction.batch(
            OrganizationStore.insert(id, name: name, owner: owner) + events.map(ledger.outbox.append))
        return try await current(id, of: owner, transaction)
    }

    /// - Parameters:
    ///   - name: Nil leaves it as it is.
    ///   - requiresTwoFactor: To be changed by owners, who must have a second factor themselves to demand one; nil leaves
    ///     it as it is.
    ///   - versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``OrganizationError``.
    func update(
        _ id: UUID, name: DisplayName? = nil, requiresTwoFactor: Bool? = nil, ifVersions versions: Set<Int>?,
        by requester: Requester
    ) async throws -> Organization {
        try await change(id, ifVersions: versions, by: requester, atLeast: .admin) { organization, transaction in
            // An admin may send back what was shown.
            let requirement = requiresTwoFactor == organization.requiresTwoFactor ? nil : requiresTwoFactor
            if requirement != nil { try organization.role(of: requester, atLeast: .owner) }
            if let name, organization.name != name.text {
                try await transaction.batch([OrganizationStore.rename(id, to: name)])
            }
            guard let requirement else { return [] }
            try await transaction.batch(OrganizationStore.setRequirement(requirement, of: id))
            let suspended = try await members.suspend(in: id, by: requester.userID, transaction)
            // Nobody shuts themselves out.
            guard !suspended.contains(requester.userID) else { throw OrganizationError.secondFactorRequired }
            return suspended
        }
    }

    /// Marks the organization to be deleted when the grace is over; one that is marked stays as it is.
    ///
    /// - Parameter name: Must be the organization's, so that it is not deleted in place of another.
    /// - Throws: ``OrganizationError``.
    func delete(
        _ id: UUID, confirmedBy name: String, ifVersions versions: Set<Int>?, by requester: Requester
    ) async throws -> Organization {
        try await change(id, ifVersions: versions, by: requester, atLeast: .owner) { organization, transaction in
            guard organization.name == name.trimmed else { throw OrganizationError.nameMismatch }
            guard organization.deletesAt == nil else { return [] }
            try await transaction.batch(OrganizationStore.setEnd(Timestamp.now.adding(grace), of: id))
            return []
        }
    }

    /// - Throws: ``OrganizationError``; ``OrganizationError/notBeingDeleted`` when the grace is over, too.
    func restore(_ id: UUID, ifVersions versions: Set<Int>?, by requester: Requester) async throws -> Organization {
        try await change(id, ifVersions: versions, by: requester, atLeast: .owner) { organization, transaction in
            guard let end = organization.deletesAt, end > .now else { throw OrganizationError.notBeingDeleted }
            try await transaction.batch(OrganizationStore.setEnd(nil, of: id))
            return []
        }
    }

    // MARK: Parts

    /// Runs `body` with the organization as it is, which nobody else changes meanwhile. What was issued for it to those
    /// whom `body` answers is void when the change is committed.
    private func change(
        _ id: UUID, ifVersions versions: Set<Int>?, by requester: Requester, atLeast least: Role,
        _ body: @Sendable (Organization, Transaction) async throws -> [UUID]
    ) async throws -> Organization {
        let (after, revocations) = try await store.database.withTransaction(as: .platform) {
            transaction -> (Organization, [Revocation]) in
            guard let before = try await store.lock(id, of: requester.userID, transaction) else {
                throw OrganizationError.notFound
            }
            try before.role(of: requester, atLeast: least)
            if let versions, !versions.contains(before.version) { throw OrganizationError.stale }
            let affected = try await body(before, transaction)
            let after = try await current(id, of: requester.userID, transaction)
            guard after != before else { return (before, []) }
            try await transaction.batch(ledger.updated(before, after, by: requester.userID))
            return (after, try await MemberStore.revoke(affected, in: id, transaction))
        }
        ledger.outbox.wake()
        for revocation in revocations { await announcer.announce(revocation) }
        return after
    }

    private func current(_ id: UUID, of user: UUID, _ transaction: Transaction) async throws -> Organization {
        guard let organization = try await store.lock(id, of: user, transaction) else {
            throw OrganizationError.notFound
        }
        return organization
    }
}
