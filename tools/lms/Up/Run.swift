import LocalStack
import Logging
import UnixSignals

/// A stack that is up, until Ctrl-C.
struct Run: Sendable {
    let stack: Stack
    let gateway: GatewayClient
    let demo: Login?
    let models: [Simulator.Model]
    let terminal: Terminal
    let logger: Logger
    private let startUp = StartUp()

    init(
        stack: Stack, gateway: GatewayClient, demo: Login?, models: [Simulator.Model], terminal: Terminal,
        logger: Logger
    ) {
        self.stack = stack
        self.gateway = gateway
        self.demo = demo
        self.models = models
        self.terminal = terminal
        self.logger = logger
    }

    /// Returns once everything has been stopped.
    func run() async {
        let firstSignal = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stack.run() }
            for component in stack.services.keys {
                let name = component.rawValue
                group.addTask {
                    await LogFollower(
                        name: name, path: stack.folder.log(name), terminal: terminal, startUp: startUp
                    ).run()
                }
            }
            group.addTask { await obeySignals(first: firstSignal.continuation) }
            await showAround(until: firstSignal.stream)
            terminal.say("Stopping …")
            await stack.stop()
            group.cancelAll()
        }
        terminal.say("Stopped. The data are kept in \(stack.folder.path).")
    }

    /// The first signal lets ``run()`` stop everything in order; another one does not wait for that.
    private func obeySignals(first: AsyncStream<Void>.Continuation) async {
        var began: ContinuousClock.Instant?
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) {
            guard let since = began else {
                began = .now
                first.finish()
                continue
            }
            // A signal to the whole process group can come twice, by way of whoever started us.
            guard since.duration(to: .now) > .milliseconds(250) else { continue }
            terminal.say("Stopping at once …")
            await stack.kill()
        }
    }

    /// Waits for the services, tells where they are, and simulates devices, until the signal comes.
    private func showAround(until signal: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await guide() }
            for await _ in signal {}
            group.cancelAll()
        }
    }

    private func guide() async {
        terminal.say("Waiting for the services …")
        guard await becomeHealthy() else { return }
        startUp.isOver()
        var lines = ["LMS Core is up.", "", "Open      \(gateway.url)"]
        guard let demo else { return terminal.frame(lines + advice) }
        while !Task.isCancelled {
            do {
                let session = try await DemoAccount(login: demo, gateway: gateway).signIn()
                lines += ["Email     \(demo.email)", "Password  \(demo.password)"]
                terminal.frame(lines + advice)
                let file = PrivateFile(stack.folder.path + "/simulator.json")
                return try await Simulator(gateway: gateway, models: models, file: file, logger: logger)
                    .run(token: session.accessToken)
            } catch let error as GatewayError where error.isTemporary {
                try? await Task.sleep(for: .seconds(2))
            } catch {
                terminal.say("There is no demo: \(error)", of: "lms", level: .error)
                return terminal.frame(lines + advice)
            }
        }
    }

    private var advice: [String] {
        ["", "Logs are in \(stack.folder.path)/logs. Ctrl-C stops everything."]
    }

    /// Asks until every service is up, and says every now and then that it still waits.
    private func becomeHealthy() async -> Bool {
        let began = ContinuousClock.now
        var nextNote = Duration.seconds(30)
        while !Task.isCancelled {
            do {
                try await gateway.checkHealth()
                return true
            } catch {
                let waited = began.duration(to: .now)
                if waited > nextNote {
                    terminal.say("Still waiting: \(error)", of: "lms", level: .warning)
                    nextNote = waited + .seconds(30)
                }
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        return false
    }
}
