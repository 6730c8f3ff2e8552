import Logging
import Postgres
import ServiceLifecycle

/// Deletes what has expired, once an hour. Any number of instances may.
struct Housekeeping: Service {
    private static let interval = Duration.seconds(3600)

    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval * Double.random(in: 0.9...1.1))
                await sweep()
            }
        }
    }

    func sweep() async {
        do {
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
        } catch {
            logger.warning("what has expired could not be deleted", metadata: ["error": "\(error)"])
        }
    }
}
