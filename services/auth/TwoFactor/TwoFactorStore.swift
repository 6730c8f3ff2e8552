import Foundation
import Identity
import Kernel
import Postgres

/// Second factors, recovery codes, and sign-ins that wait for one of them.
struct TwoFactorStore: Sendable {
    /// A user's second factor, in force once it is confirmed.
    struct Factor: Sendable {
        let code: TimeBasedCode
        let confirmedAt: Timestamp?
        let recoveryCodesLeft: Int
        /// What waits to be confirmed: this factor, or one that is to take its place.
        let candidate: Candidate?
    }

    /// A secret that is in force once a code of it has been shown.
    struct Candidate: Sendable {
        let code: TimeBasedCode
        let isReplacement: Bool
        fileprivate let sealed: [UInt8]
    }

    let database: PostgresClient
    let sealer: Sealer

    // MARK: Reading

    func factor(of user: UUID) async throws -> Factor? {
        let rows = try await database.query(
            """
            SELECT sealed_secret, next_sealed_secret, confirmed_at,
                (SELECT count(*) FROM auth.recovery_codes c WHERE c.user_id = f.user_id AND used_at IS NULL)
            FROM auth.second_factors f WHERE user_id = \(user)
            """, as: .platform)
        return try rows.first.map { row in
            let (sealed, next, confirmedAt, left) = try row.decode(
                [UInt8].self, [UInt8]?.self, Timestamp?.self, Int.self)
            let candidate = try (confirmedAt == nil ? sealed : next).map { sealed in
                Candidate(code: try open(sealed, of: user), isReplacement: confirmedAt != nil, sealed: sealed)
            }
            return Factor(
                code: try open(sealed, of: user), confirmedAt: confirmedAt, recoveryCodesLeft: left,
                candidate: candidate)
        }
    }

    private func open(_ sealed: [UInt8], of user: UUID) throws -> TimeBasedCode {
        TimeBasedCode(secret: try sealer.open(sealed, context: Self.context(of: user)))
    }

    // MARK: Enrolling

    /// Begins anew with another secret; false when a factor is in force already.
    func begin(_ code: TimeBasedCode, for user: UUID) async throws -> Bool {
        let sealed = try sealer.seal(code.secret, context: Self.context(of: user))
        let rows = try await database.query(
            """
            INSERT INTO auth.second_factors AS f (user_id, sealed_secret) VALUES (\(user), \(sealed))
            ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = now()
            WHERE f.confirmed_at IS NULL RETURNING user_id
            """, as: .platform)
        return !rows.isEmpty
    }

    /// Begins to replace the factor in force, which stays so until then; false when there is none.
    func beginReplacement(_ code: TimeBasedCode, for user: UUID) async throws -> Bool {
        let sealed = try sealer.seal(code.secret, context: Self.context(of: user))
        let rows = try await database.query(
            """
            UPDATE auth.second_factors SET next_sealed_secret = \(sealed)
            WHERE user_id = \(user) AND confirmed_at IS NOT NULL RETURNING user_id
            """, as: .platform)
        return !rows.isEmpty
    }

    /// Puts a factor in force, with its recovery codes; false when it is not what waits any more.
    func confirm(
        _ candidate: Candidate, of user: UUID, step: Int64, recoveryCodes: [RecoveryCode]
    ) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            try await lock(user, transaction)
            let rows = try await transaction.query(
                """
                UPDATE auth.second_factors
                SET sealed_secret = \(candidate.sealed), next_sealed_secret = NULL, confirmed_at = now(),
                    last_step = \(step)
                WHERE user_id = \(user)
                    AND CASE WHEN confirmed_at IS NULL THEN sealed_secret ELSE next_sealed_secret END
                        = \(candidate.sealed)
                RETURNING user_id
                """)
            guard !rows.isEmpty else { return false }
            let act = candidate.isReplacement ? "two_factor.replaced" : "two_factor.enabled"
            try await transaction.batch([
                Self.forgetCodes(of: user), Self.insert(recoveryCodes, of: user), try Self.audit(act, user),
            ])
            try await reinstate(user, transaction)
            return true
        }
    }

    /// Takes a user back as a member where the factor was wanting.
    private func reinstate(_ user: UUID, _ transaction: Transaction) async throws {
        let organizations = try await transaction.query(
            """
            UPDATE auth.memberships SET is_suspended = false WHERE user_id = \(user) AND is_suspended
            RETURNING organization_id
            """
        ).map { try $0.decode(UUID.self) }
        try await transaction.batch(
            organizations.map { try MemberStore.audit(isSuspended: false, user, in: $0, by: user) })
    }

    /// Ends the factor, and what its user was issued as a guest of organizations that require one.
    ///
    /// - Returns: What is to be announced; nil when there is no factor.
    /// - Throws: ``TwoFactor/Required``.
    func remove(_ user: UUID) async throws -> [Revocation]? {
        try await database.withTransaction(as: .platform) { transaction -> [Revocation]? in
            try await lock(user, transaction)
            let required = try await transaction.query(
                """
                SELECT e.name FROM auth.memberships m
                JOIN auth.organizations o ON o.id = m.organization_id AND o.requires_two_factor
                JOIN core.entities e ON e.id = m.organization_id
                WHERE m.user_id = \(user) AND NOT m.is_suspended ORDER BY e.name LIMIT 1
                """)
            if let row = required.first { throw TwoFactor.Required(organizationName: try row.decode(at: 0)) }
            let rows = try await transaction.query(
                "DELETE FROM auth.second_factors WHERE user_id = \(user) RETURNING confirmed_at")
            guard let row = rows.first else { return nil }
            let confirmedAt: Timestamp? = try row.decode(at: 0)
            guard confirmedAt != nil else { return [] }
            try await transaction.query(try Self.audit("two_factor.disabled", user))
            return try await revokeGuest(user, transaction)
        }
    }

    /// An organization that is just beginning to require a factor waits for the transaction, or is waited for.
    private func lock(_ user: UUID, _ transaction: Transaction) async throws {
        try await transaction.batch([
            UserLock.exclusive("\(user)"),
            "SELECT 1 FROM auth.memberships WHERE user_id = \(user) ORDER BY organization_id FOR UPDATE",
        ])
    }

    private func revokeGuest(_ user: UUID, _ transaction: Transaction) async throws -> [Revocation] {
        let organizations = try await transaction.query(
            """
            SELECT DISTINCT g.organization_id FROM auth.resource_grants g
            JOIN auth.organizations o ON o.id = g.organization_id AND o.requires_two_factor
            WHERE g.user_id = \(user) AND NOT EXISTS (
                SELECT FROM auth.memberships m WHERE m.organization_id = g.organization_id AND m.user_id = g.user_id)
            """
        ).map { try $0.decode(UUID.self) }
        return try await RevocationStore.insert(
            organizations.map { .membership(user: user, organization: $0) }, lasting: SessionTerms.longestLifetime,
            transaction)
    }

    // MARK: Recovery codes

    /// Puts other recovery codes in the place of all; false when no factor is in force.
    func renew(_ recoveryCodes: [RecoveryCode], of user: UUID) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.query(
                """
                SELECT 1 FROM auth.second_factors WHERE user_id = \(user) AND confirmed_at IS NOT NULL FOR UPDATE
                """)
            guard !rows.isEmpty else { return false }
            try await transaction.batch([
                Self.forgetCodes(of: user), Self.insert(recoveryCodes, of: user),
                try Self.audit("two_factor.recovery_codes_renewed", user),
            ])
            return true
        }
    }

    private static func forgetCodes(of user: UUID) -> SQL {
        "DELETE FROM auth.recovery_codes WHERE user_id = \(user)"
    }

    private static func insert(_ codes: [RecoveryCode], of user: UUID) -> SQL {
        """
        INSERT INTO auth.recovery_codes (user_id, hash)
        SELECT \(user), unnest(\(codes.map(\.hash.bytes)))
        """
    }

    // MARK: Using

    /// Marks a code as used; false when it was, or a later one.
    func use(step: Int64, of user: UUID) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE auth.second_factors SET last_step = \(step)
            WHERE user_id = \(user) AND last_step < \(step) RETURNING user_id
            """, as: .platform)
        return !rows.isEmpty
    }

    /// Marks a recovery code as used; false when there is none such left.
    func use(_ code: RecoveryCode, of user: UUID) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.query(
                """
                UPDATE auth.recovery_codes SET used_at = now()
                WHERE user_id = \(user) AND hash = \(code.hash.bytes) AND used_at IS NULL RETURNING user_id
                """)
            guard !rows.isEmpty else { return false }
            try await transaction.query(try Self.audit("two_factor.recovery_code_used", user))
            return true
        }
    }

    private static func context(of user: UUID) -> String { "auth.second_factors \(user.text)" }

    private static func audit(_ type: String, _ user: UUID) throws -> SQL {
        AuditEntry(type: type, entityID: user, organizationID: nil, actor: try Actor.user(user)).insert
    }
}
