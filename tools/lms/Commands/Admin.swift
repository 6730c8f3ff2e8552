import ArgumentParser
import FoundationEssentials
import Identity
import Redis

struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decides who administers the platform.", subcommands: [GrantSuperuser.self])

    struct GrantSuperuser: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes somebody who has registered a superuser.",
            discussion: """
                The account may then use /api/v1/admin, and so make others superusers. What was issued to it before is \
                void: its user signs in again. The database is that of LMS_ADMIN_DATABASE_URL, or LMS_DATABASE_URL, or \
                of the last `lms up`.
                """)

        @Option(help: "The address that the account signs in with.")
        var email: String

        @Flag(help: "Take it away again.")
        var revoke = false

        @Option(help: "The folder of `lms up`.")
        var dataDir = ".lms"

        func run() async throws {
            let existing = try ExistingInstallation(
                environment: ProcessInfo.processInfo.environment, dataDirectory: dataDir)
            let change = try await SuperuserAccount(email: email, installation: existing.installation)
                .set(isSuperuser: !revoke)
            switch change {
            case .unknown:
                throw ValidationError("There is no account of \(email); register it first.")
            case .unchanged:
                print(revoke ? "\(email) is no superuser." : "\(email) is a superuser already.")
            case .changed(let revocation):
                let isTold = await announce(revocation, existing.installation.redisURL)
                print(revoke ? "\(email) is no superuser any more." : "\(email) is a superuser.")
                print(isTold ? "Sign in again." : "Redis is away: what was issued before ends within 30 s.")
            }
        }

        /// - Returns: Whether every process has been told; else each finds it when it asks auth the next time.
        private func announce(_ revocation: Revocation, _ redisURL: String) async -> Bool {
            do {
                let message = Array(try JSONEncoder().encode(revocation))
                let redis = RedisClient(try RedisConfiguration(url: redisURL))
                _ = try await redis.withConnection { try await $0.publish(message, to: Revocation.channel) }
                return true
            } catch {
                return false
            }
        }
    }
}
