import Foundation
import Identity
import Postgres

/// Writes the letters that hold a token, and stores the token's hash: statements for the transaction of what they tell of.
struct Correspondence: Sendable {
    static let verificationLifetime = Duration.seconds(24 * 3600)
    static let resetLifetime = Duration.seconds(3600)

    let queue: MailQueue
    let links: Links

    /// Asks who reads mail to `address` to confirm that it is the user's.
    func verification(of address: EmailAddress, for user: UUID) throws -> [SQL] {
        let token = SecretToken(.emailVerification)
        return [
            """
            INSERT INTO auth.email_verifications (hash, user_id, email, expires_at)
            VALUES (\(token.hash.bytes), \(user), \(address.text), \(Timestamp.now.adding(Self.verificationLifetime)))
            """,
            try queue.insert(.verification(of: address, link: links.verification(token))),
        ]
    }

    /// Offers a new password to the account that has the address and keeps it until the commit. For an address that none has, the same is done to no
    /// effect, and takes as long.
    func passwordReset(for address: EmailAddress) throws -> [SQL] {
        let token = SecretToken(.passwordReset)
        let account: SQL = "FROM auth.users WHERE email = \(address.text) AND is_active"
        return [
            """
            INSERT INTO auth.password_resets (hash, user_id, expires_at)
            SELECT \(token.hash.bytes), id, \(Timestamp.now.adding(Self.resetLifetime)) \(account) FOR SHARE
            """,
            try queue.insert(
                .passwordReset(for: address, link: links.passwordReset(token)), if: "EXISTS (SELECT \(account))"),
        ]
    }
}
