import Foundation
import Identity
import Postgres

/// Sign-ins that have shown the password and wait for the second factor.
struct ChallengeStore: Sendable {
    static let lifetime = Duration.seconds(300)
    /// After so many wrong codes the password is asked for again.
    static let maximumFailures = 5

    /// A sign-in that waits.
    struct Challenge: Sendable {
        let userID: UUID
        let terms: SessionTerms
    }

    let database: PostgresClient

    /// Stores a challenge; false when the account has another password by now, whose change ended all challenges.
    ///
    /// - Parameter hash: That of the password that was shown, or would have been.
    func insert(_ token: SecretToken, _ challenge: Challenge, ifPasswordIs hash: String?) async throws -> Bool {
        let rows = try await database.batch(
            [
                UserLock.shared("\(challenge.userID)"),
                """
                INSERT INTO auth.sign_in_challenges (hash, user_id, kind, is_remembered, expires_at)
                SELECT \(token.hash.bytes), \(challenge.userID), \(challenge.terms.kind),
                    \(challenge.terms == .rememberedBrowser), \(Timestamp.now.adding(Self.lifetime))
                WHERE \(UserStore.hasPassword(hash, challenge.userID))
                """,
            ], as: .platform)
        return rows[1].affectedRows == 1
    }

    /// Nil when there is none that holds.
    func find(_ token: SecretHash) async throws -> Challenge? {
        let rows = try await database.query(
            """
            SELECT user_id, kind, is_remembered FROM auth.sign_in_challenges
            WHERE hash = \(token.bytes) AND expires_at > now() AND failures < \(Self.maximumFailures)
            """, as: .platform)
        return try rows.first.map { row in
            let (userID, kind, isRemembered) = try row.decode(UUID.self, String.self, Bool.self)
            return Challenge(userID: userID, terms: SessionTerms(kind: kind, isRemembered: isRemembered))
        }
    }

    /// Counts a code as wrong before it is looked at; false when the challenge does not hold any more. The row's lock
    /// lets one after the other in, so of many at once no more are looked at than may be wrong.
    func count(_ token: SecretHash) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE auth.sign_in_challenges SET failures = failures + 1
            WHERE hash = \(token.bytes) AND expires_at > now() AND failures < \(Self.maximumFailures) RETURNING user_id
            """, as: .platform)
        return !rows.isEmpty
    }

    /// Ends the challenge; false when somebody else has done so.
    func end(_ token: SecretHash) async throws -> Bool {
        let rows = try await database.query(
            "DELETE FROM auth.sign_in_challenges WHERE hash = \(token.bytes) RETURNING user_id", as: .platform)
        return !rows.isEmpty
    }
}

extension SecretToken.Kind {
    /// `lms_2fa_…`: stands for a password that was right, until the second factor is shown.
    static let challenge = SecretToken.Kind(prefix: "lms_2fa_")
}
