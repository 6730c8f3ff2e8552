import ArgumentParser
import FoundationEssentials
import Postgres

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks after the keys that tokens are signed with.", subcommands: [Rotate.self])

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks auth for a new signing key before its time.",
            discussion: """
                Auth makes it within half a minute and signs with it ten minutes later, when every service knows it. \
                What the old one signed stays good until it ends, so nobody is signed out. The database is that of \
                LMS_ADMIN_DATABASE_URL, or LMS_DATABASE_URL, or of the last `lms up`.
                """)

        @Option(help: "The folder of `lms up`.")
        var dataDir = ".lms"

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            let existing = try ExistingInstallation(environment: environment, dataDirectory: dataDir)
            let client = PostgresClient(existing.installation.administrator)
            let asked = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run() }
                defer { group.cancelAll() }
                return try await client.query(
                    "UPDATE auth.signing_keys SET rotates_at = now() WHERE retired_at IS NULL RETURNING kid"
                ).count
            }
            guard asked > 0 else { throw ValidationError("There is no key yet; auth makes one when it starts.") }
            print("Auth makes a new key within 30 s and signs with it 10 min later.")
        }
    }
}
