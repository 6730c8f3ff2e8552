import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

extension SessionStore {
    // MARK: Looking at

    /// Whether a member cannot act for want of a second factor.
    func isSuspended(_ user: UUID, in organization: UUID) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT 1 FROM auth.memberships
            WHERE user_id = \(user) AND organization_id = \(organization) AND is_suspended
            """, as: .platform)
        return !rows.isEmpty
    }

    /// A page of a user's sessions that hold, by id.
    func sessions(of user: UUID, _ page: PageRequest<UUID>) async throws -> [SessionRecord] {
        let rows = try await database.query(
            """
            SELECT id, kind, is_remembered, user_agent, address, created_at, last_used_at, expires_at
            FROM auth.sessions
            WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > now() \(page.keyset())
            """, as: .platform)
        return try rows.map(SessionRecord.init)
    }

    // MARK: Ending

    /// Ends a session of a user.
    ///
    /// - Returns: What is to be announced; nil when there is no such session, or it has ended already.
    func revoke(_ id: UUID, of user: UUID, because cause: SessionEnd) async throws -> Revocation? {
        let revocation = try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let rows = try await transaction.query(
                """
                UPDATE auth.sessions SET revoked_at = now()
                WHERE id = \(id) AND user_id = \(user) AND revoked_at IS NULL AND expires_at > now()
                RETURNING kind, is_remembered, organization_id
                """)
            guard let (kind, isRemembered, organization) = try rows.first?.decode(String.self, Bool.self, UUID?.self)
            else { return nil }
            try await transaction.batch(
                [outbox.append(try .sessionRevoked(id, of: user))]
                    + Self.audit(cause, id, of: user, in: organization))
            return try await RevocationStore.insert(
                .session(id), lasting: SessionTerms(kind: kind, isRemembered: isRemembered).lifetime, transaction)
        }
        if revocation != nil { outbox.wake() }
        return revocation
    }

    /// Ends the sessions of a user but for one, in the transaction of what makes them end.
    ///
    /// - Returns: What is to be announced after the commit.
    static func revokeAll(
        of user: UUID, but kept: UUID?, _ outbox: Outbox, _ transaction: Transaction
    ) async throws -> [Revocation] {
        let ended = try await transaction.query(
            """
            UPDATE auth.sessions SET revoked_at = now()
            WHERE user_id = \(user) AND id IS DISTINCT FROM \(kept) AND revoked_at IS NULL AND expires_at > now()
            RETURNING id, organization_id
            """
        ).map { try $0.decode(UUID.self, UUID?.self) }
        try await transaction.batch(
            ended.flatMap { id, organization in
                [outbox.append(try .sessionRevoked(id, of: user))]
                    + (try audit(.revoked, id, of: user, in: organization))
            })
        return try await RevocationStore.insert(
            ended.map { .session($0.0) }, lasting: SessionTerms.longestLifetime, transaction)
    }

    /// The rows of the user's own log and of the organization's.
    private static func audit(
        _ cause: SessionEnd, _ id: UUID, of user: UUID, in organization: UUID?
    ) throws -> [SQL] {
        let own = AuditEntry(
            type: cause.rawValue, entityID: user, organizationID: nil, actor: try cause.actor(user),
            data: try JSONB(["session_id": id.text]))
        return try [own.insert] + SessionLog.ended(id, because: cause, of: user, in: organization)
    }
}

/// A session as its user sees it.
struct SessionRecord: Sendable {
    let id: UUID
    let terms: SessionTerms
    let client: ClientDescription
    let createdAt: Timestamp
    let lastUsedAt: Timestamp
    let expiresAt: Timestamp

    init(_ row: Row) throws {
        let (kind, isRemembered): (String, Bool)
        let (userAgent, address): (String?, String?)
        (id, kind, isRemembered, userAgent, address, createdAt, lastUsedAt, expiresAt) = try row.decode(
            UUID.self, String.self, Bool.self, String?.self, String?.self, Timestamp.self, Timestamp.self,
            Timestamp.self)
        terms = SessionTerms(kind: kind, isRemembered: isRemembered)
        client = ClientDescription(userAgent: userAgent, address: address)
    }
}

extension SessionTerms {
    init(kind: String, isRemembered: Bool) {
        self = kind == SessionTerms.api.kind ? .api : isRemembered ? .rememberedBrowser : .browser
    }

    /// As the database and the API call it.
    var kind: String {
        switch self {
        case .api: "api"
        case .browser, .rememberedBrowser: "browser"
        }
    }
}
