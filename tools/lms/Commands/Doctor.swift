import ArgumentParser
import FoundationEssentials
import LocalStack

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks what LMS Core needs on this machine, and says what to type about what is missing.",
        discussion: "Ends with status 1 when there is a problem.")

    @Option(help: "The port of the gateway.")
    var port = 8080

    @Option(help: "The folder of `lms up`.")
    var dataDir = ".lms"

    @Option(help: "Copies of each service, for the count of database connections.")
    var instances = 1

    func run() async throws {
        let findings = await findings()
        for line in findings.flatMap(\.lines) { print(line) }
        if findings.contains(where: \.isProblem) { throw ExitCode.failure }
    }

    private func findings() async -> [Finding] {
        let environment = ProcessInfo.processInfo.environment
        let binaries = ownFolder()
        let usesPrivateServers = environment["LMS_ADMIN_DATABASE_URL"] == nil && environment["LMS_DATABASE_URL"] == nil
        var all = MachineChecks(binaries: binaries, usesPrivateServers: usesPrivateServers).findings()
        let installation: ExistingInstallation
        do {
            installation = try ExistingInstallation(environment: environment, dataDirectory: dataDir)
        } catch {
            let network = NetworkChecks(redisURL: nil, gateway: gateway, port: port)
            let database =
                usesPrivateServers
                ? Finding.note("database", "none yet", advice: "Type: lms up")
                : .problem("database", "it cannot be looked at", advice: "\(error)")
            return all + (await network.findings()) + [database]
        }
        if usesPrivateServers, !isRunning {
            let network = NetworkChecks(redisURL: nil, gateway: gateway, port: port)
            return all + (await network.findings()) + [.note("database", "not running", advice: "Type: lms up")]
        }
        let network = NetworkChecks(
            redisURL: installation.installation.redisURL, gateway: gateway, port: port)
        all += await network.findings()
        all += await DatabaseChecks(
            installation: installation.installation, binaries: binaries, origin: installation.origin,
            instances: instances
        ).findings()
        return all
    }

    /// Whether a `lms up` holds the folder.
    private var isRunning: Bool {
        (try? StateFolder(path: dataDir)) == nil
    }

    private var gateway: GatewayClient {
        GatewayClient(url: "http://localhost:\(port)")
    }
}
