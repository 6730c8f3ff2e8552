import ArgumentParser
import FoundationEssentials
import LocalStack
import Logging

struct Seed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the plans that are offered, and makes a demo laboratory.",
        discussion: """
            An installation works without: `lms migrate` makes the first plans, the sensor types that are known stand in \
            the code, and command templates belong to organizations. Doing it again changes nothing.

            Plans are written into the database of LMS_ADMIN_DATABASE_URL, or LMS_DATABASE_URL, or of the last `lms up`. \
            Organizations keep the plan that they have; one that is not in the file is retired. The services learn of \
            other limits within seconds. The laboratory is made through the gateway, as the demo user of `lms up`, or \
            that of --email (by default \(DemoAccount.email)) with the password in LMS_PASSWORD; `lms simulate` runs its \
            devices.
            """)

    @Option(help: "A YAML or JSON file of all plans to offer, the smallest first.")
    var plans: String?

    @Flag(help: "Print the plans that are offered, as a file for --plans.")
    var showPlans = false

    @Flag(help: "Make the demo laboratory.")
    var demo = false

    @Option(help: "How many simulated rooms the laboratory has.")
    var devices = 5

    @OptionGroup var access: AccessOptions

    func validate() throws {
        guard plans != nil || showPlans || demo else {
            throw ValidationError("What? Give --plans, --show-plans or --demo.")
        }
        guard plans == nil || !showPlans else { throw ValidationError("Give --plans or --show-plans, not both.") }
        guard (0...10_000).contains(devices) else { throw ValidationError("--devices must be between 0 and 10000.") }
    }

    func run() async throws {
        if let plans { try await write(try Self.read(plans)) }
        if showPlans { print(try PlanFile(try await catalogue().offered()).yaml(), terminator: "") }
        if demo { try await makeLaboratory() }
    }

    // MARK: Plans

    private func catalogue() throws -> PlanCatalogue {
        PlanCatalogue(
            installation: try ExistingInstallation(
                environment: ProcessInfo.processInfo.environment, dataDirectory: access.dataDir
            ).installation)
    }

    private static func read(_ path: String) throws -> PlanFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) cannot be read.")
        }
        do {
            return try PlanFile(yaml: String(decoding: data, as: UTF8.self))
        } catch {
            throw ValidationError("\(path): \(error)")
        }
    }

    private func write(_ file: PlanFile) async throws {
        let outcome = try await catalogue().replace(with: file.plans)
        for change in outcome.changes { print(change) }
        if outcome.subscriptions > 0 { print("\(outcome.subscriptions) subscriptions have other limits.") }
    }

    // MARK: The demo laboratory

    private func makeLaboratory() async throws {
        let client = access.client
        let login = try access.login(orElse: DemoAccount.email)
        let account = DemoAccount(login: login, gateway: client)
        let token = try await account.signIn().accessToken
        try await account.furnish(token: token)
        // Where the keys of an earlier run are not kept, the devices are there all the same.
        let known = try await client.names(in: "/api/v1/devices", token: token)
        let models = try Demo.devices(rooms: devices, interval: 5).filter { !known.contains($0.name) }
        if !models.isEmpty {
            try FileManager.default.createDirectory(
                atPath: access.dataDir, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let terminal = Terminal()
            let simulator = Simulator(
                gateway: client, models: models, file: PrivateFile(access.dataDir + "/simulator.json"),
                logger: Logger(label: "lms") { TerminalLogHandler(terminal: terminal, name: $0) })
            _ = try await simulator.register(token: token)
        }
        print("\(login.email) has the demo laboratory at \(client.url); \(models.count) devices are new.")
    }
}
