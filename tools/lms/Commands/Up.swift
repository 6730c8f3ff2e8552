import ArgumentParser
import FoundationEssentials
import LocalStack
import Logging

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts everything on this machine, with a demo laboratory.",
        discussion: """
            PostgreSQL and Redis are private to the folder, unless LMS_DATABASE_URL (of a role that may create roles) \
            and LMS_REDIS_URL name others. Data are kept; remove the folder to start afresh. Settings in the \
            environment (LMS_…) reach the services. Ctrl-C stops everything in order; a second one at once.
            """)

    @Option(help: "The port of the gateway.")
    var port = 8080

    @Option(help: "Where data, logs and keys are kept.")
    var dataDir = ".lms"

    @Flag(name: .customLong("no-demo"), help: "No demo laboratory and no simulated devices.")
    var withoutDemo = false

    @Option(help: "How many simulated rooms.")
    var devices = 5

    @Option(help: "Seconds from one simulated reading to the next.")
    var interval = 5.0

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--port must be between 1 and 65535.") }
        guard DeviceState.intervals.contains(interval) else {
            throw ValidationError("--interval must be between 0.1 and 86400 seconds.")
        }
        guard (0...10_000).contains(devices) else { throw ValidationError("--devices must be between 0 and 10000.") }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let terminal = Terminal()
        let logger = Logger(label: "lms") { TerminalLogHandler(terminal: terminal, name: $0) }
        let folder = try StateFolder(path: dataDir)
        var options = Stack.Options(binaries: ownFolder(), purpose: .development, environment: environment)
        options.databaseURL = environment["LMS_DATABASE_URL"]
        options.redisURL = environment["LMS_REDIS_URL"]
        options.gatewayPort = port
        terminal.say("Starting the database and Redis …")
        let stack = try await Stack.prepare(in: folder, options, logger: logger)
        let demo = withoutDemo ? nil : Login(email: DemoAccount.email, password: try folder.password("demo-password"))
        let gateway = "http://localhost:\(port)"
        try RunFile(
            gateway: gateway, databaseURL: stack.installation.administrator.url,
            redisURL: stack.installation.redisURL, secretKey: stack.installation.secretKey,
            rolePrefix: stack.installation.roles.prefix, demo: demo
        ).save(dataDirectory: folder.path)
        let models = try Demo.devices(rooms: devices, interval: interval)
        await Run(
            stack: stack, gateway: GatewayClient(url: gateway), demo: demo, models: models, terminal: terminal,
            logger: logger
        ).run()
    }
}
