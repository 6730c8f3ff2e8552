import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Who somebody is at a provider.
struct LinkedIdentity: Sendable, Hashable {
    let id: UUID
    let issuer: String
    /// As the provider said it last.
    let email: String?
    let createdAt: Timestamp
    let lastUsedAt: Timestamp
}

/// By what somebody can sign in.
struct WaysIn: Sendable, Hashable {
    let hasPassword: Bool
    let identityCount: Int
    /// The providers of the identities.
    let issuers: Set<String>

    /// Whether something is left when an identity is taken away.
    var hasOthersThanOneIdentity: Bool { hasPassword || identityCount > 1 }
}

/// The identities of accounts at providers.
struct IdentityStore: Sendable {
    /// Without it nobody could sign in to the account any more.
    struct LastWayIn: Error {}

    let database: PostgresClient
    let outbox: Outbox

    // MARK: Looking up

    /// Whose an identity is.
    func holder(of subject: String, at issuer: String) async throws -> Arrival.Account? {
        try await account(
            where: """
                u.id = (SELECT user_id FROM auth.identities WHERE issuer = \(issuer) AND subject = \(subject))
                """)
    }

    /// Who has an account with that address.
    func account(_ address: EmailAddress?) async throws -> Arrival.Account? {
        guard let address else { return nil }
        return try await account(where: "u.email = \(address.text)")
    }

    func account(_ id: UUID?) async throws -> Arrival.Account? {
        guard let id else { return nil }
        return try await account(where: "u.id = \(id)")
    }

    private func account(where condition: SQL) async throws -> Arrival.Account? {
        let rows = try await database.query(
            "SELECT u.id, u.is_active, u.email_verified_at IS NOT NULL FROM auth.users u WHERE \(condition)",
            as: .platform)
        return try rows.first.map { row in
            let (id, isActive, isVerified) = try row.decode(UUID.self, Bool.self, Bool.self)
            return Arrival.Account(id: id, isActive: isActive, isVerified: isVerified)
        }
    }

    /// A page of a user's identities, by id.
    func identities(of user: UUID, _ page: PageRequest<UUID>) async throws -> [LinkedIdentity] {
        let rows = try await database.query(
            """
            SELECT id, issuer, email, created_at, last_used_at FROM auth.identities
            WHERE user_id = \(user) \(page.keyset())
            """, as: .platform)
        return try rows.map(LinkedIdentity.init)
    }

    func waysIn(of user: UUID) async throws -> WaysIn {
        let rows = try await database.query(
            """
            SELECT EXISTS (SELECT 1 FROM auth.credentials WHERE user_id = \(user)), count(*),
                coalesce(array_agg(DISTINCT issuer), '{}')
            FROM auth.identities WHERE user_id = \(user)
            """, as: .platform)
        guard let row = rows.first else { return WaysIn(hasPassword: false, identityCount: 0, issuers: []) }
        let (hasPassword, count, issuers) = try row.decode(Bool.self, Int.self, [String].self)
        return WaysIn(hasPassword: hasPassword, identityCount: count, issuers: Set(issuers))
    }

    // MARK: Changing

    /// Inserts an identity; to be run in one transaction. Another one's violates `identities_subject_key`.
    static func insert(_ person: PersonClaims, at issuer: String, of user: UUID) throws -> [SQL] {
        [
            """
            INSERT INTO auth.identities (id, user_id, issuer, subject, email)
            VALUES (\(UUID.v7()), \(user), \(issuer), \(person.subject), \(person.address?.text))
            """,
            try audit("identity.linked", issuer, of: user),
        ]
    }

    /// Adds an identity. A provider that has verified the account's address has done so for the account, too.
    func link(_ person: PersonClaims, at issuer: String, to user: UUID) async throws {
        try await database.withTransaction(as: .platform) { transaction in
            try await transaction.batch(try Self.insert(person, at: issuer, of: user))
            guard person.isEmailVerified, let address = person.address else { return }
            _ = try await UserStore.verify(address.text, of: user, outbox, transaction)
        }
        outbox.wake()
    }

    /// Notes that somebody has come by way of an identity.
    func used(_ person: PersonClaims, at issuer: String) async throws {
        _ = try await database.query(
            """
            UPDATE auth.identities SET last_used_at = now(), email = coalesce(\(person.address?.text), email)
            WHERE issuer = \(issuer) AND subject = \(person.subject)
            """, as: .platform)
    }

    /// Takes an identity from a user; false when there is no such one.
    ///
    /// - Throws: ``LastWayIn``.
    func unlink(_ id: UUID, of user: UUID) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            // Of two that are taken away at once, the second waits and sees that it is the last.
            try await transaction.query("SELECT 1 FROM auth.users WHERE id = \(user) FOR UPDATE")
            let deleted = try await transaction.query(
                "DELETE FROM auth.identities WHERE id = \(id) AND user_id = \(user) RETURNING issuer")
            guard let issuer = try deleted.first?.decode(String.self) else { return false }
            let others = try await transaction.query(
                """
                SELECT 1 FROM auth.credentials WHERE user_id = \(user)
                UNION ALL SELECT 1 FROM auth.identities WHERE user_id = \(user) LIMIT 1
                """)
            guard !others.isEmpty else { throw LastWayIn() }
            try await transaction.query(try Self.audit("identity.unlinked", issuer, of: user))
            return true
        }
    }

    private static func audit(_ type: String, _ issuer: String, of user: UUID) throws -> SQL {
        AuditEntry(
            type: type, entityID: user, organizationID: nil, actor: try Actor.user(user),
            data: try JSONB(["issuer": issuer])
        ).insert
    }
}

extension LinkedIdentity {
    fileprivate init(_ row: Row) throws {
        (id, issuer, email, createdAt, lastUsedAt) = try row.decode(
            UUID.self, String.self, String?.self, Timestamp.self, Timestamp.self)
    }
}
