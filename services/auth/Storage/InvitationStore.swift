import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Invitations that wait for an answer; they concern people, who belong to no tenant, so all of it runs over all tenants.
struct InvitationStore: Sendable {
    let database: PostgresClient

    // MARK: Reading

    /// A page of an organization's invitations, expired ones too.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Invitation] {
        try await database.query(
            "\(Self.selection) WHERE i.organization_id = \(organization) \(page.keyset(by: "i.id"))", as: .platform
        ).map(Invitation.init)
    }

    /// A page of the invitations to a user's address; none before it is verified.
    func list(for user: UUID, _ page: PageRequest<UUID>) async throws -> [Invitation] {
        try await database.query(
            """
            \(Self.selection) JOIN auth.users u ON u.email = i.email
            WHERE u.id = \(user) AND u.email_verified_at IS NOT NULL AND i.expires_at > now()
                \(page.keyset(by: "i.id"))
            """, as: .platform
        ).map(Invitation.init)
    }

    /// The invitation, if it holds and is for who asks.
    ///
    /// - Parameter user: Nil for somebody who is not signed in.
    func find(_ reference: InvitationReference, for user: UUID?) async throws -> Invitation? {
        try await database.query(
            "\(Self.selection) WHERE \(Self.matches(reference, user)) AND i.expires_at > now()", as: .platform
        ).first.map(Invitation.init)
    }

    /// Whether an invitation `i` is the one meant, and for who asks.
    static func matches(_ reference: InvitationReference, _ user: UUID?) -> SQL {
        switch reference {
        case .token(let hash): "i.hash = \(hash.bytes)"
        case .id(let id):
            """
            i.id = \(id) AND i.email = (SELECT email FROM auth.users
                                        WHERE id = \(user) AND email_verified_at IS NOT NULL)
            """
        }
    }

    private static let selection: SQL = """
        SELECT i.id, i.organization_id, e.name, i.email, i.role, inviter.name, i.created_at, i.sent_at, i.expires_at
        FROM auth.invitations i
        JOIN core.entities e ON e.organization_id = i.organization_id AND e.id = i.organization_id
        LEFT JOIN auth.users inviter ON inviter.id = i.invited_by
        """

    // MARK: Writing

    /// - Throws: ``InvitationError``.
    func insert(
        _ email: EmailAddress, as role: Role, to organization: UUID, by inviter: UUID, token: SecretHash,
        _ transaction: Transaction
    ) async throws -> Invitation {
        let members = try await transaction.query(
            """
            SELECT 1 FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
            WHERE m.organization_id = \(organization) AND u.email = \(email.text)
            """)
        guard members.isEmpty else { throw InvitationError.isMember }
        let id = UUID.v7()
        do {
            let inserted = try await transaction.query(
                """
                INSERT INTO auth.invitations (id, organization_id, email, role, hash, invited_by, expires_at)
                SELECT \(id), \(organization), \(email.text), \(role.rawValue), \(token.bytes), \(inviter),
                    \(Timestamp.now.adding(Invitation.lifetime))
                WHERE (SELECT count(*) FROM auth.invitations WHERE organization_id = \(organization))
                    < \(Invitation.maximumPending)
                """)
            guard inserted.affectedRows == 1 else { throw InvitationError.tooMany }
        } catch let error as PostgresError where error.constraint == "invitations_once" {
            throw InvitationError.isInvited
        }
        return try await read(id, transaction)
    }

    /// Gives an invitation another token, and time to be answered; nil when the organization has no such invitation.
    func renew(
        _ id: UUID, in organization: UUID, token: SecretHash, _ transaction: Transaction
    ) async throws -> Invitation? {
        let renewed = try await transaction.query(
            """
            UPDATE auth.invitations
            SET hash = \(token.bytes), sent_at = now(), expires_at = \(Timestamp.now.adding(Invitation.lifetime))
            WHERE id = \(id) AND organization_id = \(organization)
            """)
        return renewed.affectedRows == 1 ? try await read(id, transaction) : nil
    }

    /// Takes an invitation away, as it was; nil when there is none.
    func remove(_ condition: SQL, _ transaction: Transaction) async throws -> Invitation? {
        let rows = try await transaction.query("\(Self.selection) WHERE \(condition) FOR UPDATE OF i")
        guard let invitation = try rows.first.map(Invitation.init) else { return nil }
        try await transaction.query("DELETE FROM auth.invitations WHERE id = \(invitation.id)")
        return invitation
    }

    private func read(_ id: UUID, _ transaction: Transaction) async throws -> Invitation {
        let rows = try await transaction.query("\(Self.selection) WHERE i.id = \(id)")
        guard let row = rows.first else { throw InvitationError.notFound }
        return try Invitation(row)
    }
}

extension Invitation {
    fileprivate init(_ row: Row) throws {
        let role: String
        (id, organizationID, organizationName, email, role, inviterName, createdAt, sentAt, expiresAt) = try row.decode(
            UUID.self, UUID.self, String.self, String.self, String.self, String?.self, Timestamp.self, Timestamp.self,
            Timestamp.self)
        self.role = try Role(stored: role)
    }
}
