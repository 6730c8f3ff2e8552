import ArgumentParser
import FoundationEssentials
import Kernel
import LocalStack
import Postgres

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings the database to the state that the services need.",
        discussion: """
            The database is that of LMS_ADMIN_DATABASE_URL, or LMS_DATABASE_URL, or of the last `lms up`. Each service \
            migrates its own schema as its owner, whose password follows from LMS_SECRET_KEY.
            """)

    @Flag(help: "First make extensions, roles, schemas and grants; takes a role that may create roles.")
    var bootstrap = false

    @Flag(help: "Change nothing; say what differs, and end with status 1 if anything does.")
    var check = false

    @Option(help: "The folder of `lms up`.")
    var dataDir = ".lms"

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let installation = try ExistingInstallation(environment: environment, dataDirectory: dataDir).installation
        let logs = try TemporaryFolder()
        let schema = Schema(installation, binaries: ownFolder()) { "\(logs.path)/\($0)" }
        if check {
            var differences = try await schema.differences()
            // Before every migration has been applied the tables differ anyway.
            if differences.isEmpty { differences = try await schema.catalogDifferences() }
            for line in differences { print(line) }
            guard differences.isEmpty else { throw ExitCode.failure }
            print("The schema is current.")
            return
        }
        if bootstrap { try await schema.bootstrap() }
        try await schema.migrate()
        print("The schema is current.")
    }
}
