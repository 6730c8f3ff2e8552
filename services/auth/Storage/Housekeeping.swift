import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Deletes what has expired, once an hour. Any number of instances may.
struct Housekeeping: Service {
    private static let interval = Duration.seconds(3600)

    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await periodically(
            every: Self.interval, orSay: "what has expired could not be deleted", to: logger, sweep)
    }

    /// - Throws: `PostgresError`.
    func sweep() async throws {
        _ = try await database.batch(
            [
                "DELETE FROM auth.sessions WHERE expires_at < now()",
                "DELETE FROM auth.refresh_tokens WHERE expires_at < now()",
                "DELETE FROM auth.api_tokens WHERE expires_at < now()",
                "DELETE FROM auth.revocations WHERE expires_at < now()",
                "DELETE FROM auth.email_verifications WHERE expires_at < now()",
                "DELETE FROM auth.password_resets WHERE expires_at < now()",
                // An expired invitation is shown for a while, to be sent again.
                "DELETE FROM auth.invitations WHERE expires_at < now() - interval '30 days'",
                "DELETE FROM auth.sign_in_challenges WHERE expires_at < now()",
                "DELETE FROM auth.oidc_logins WHERE expires_at < now()",
            ], as: .platform)
    }
}
