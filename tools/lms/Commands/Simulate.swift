import ArgumentParser
import FoundationEssentials
import LocalStack
import Logging
import UnixSignals

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Is a number of devices that measure, send, and carry out commands.",
        discussion:
            "Devices are registered once; their keys are kept in the folder of `lms up`. What cannot be sent is "
            + "kept and sent later. Ctrl-C ends it.")

    @OptionGroup var access: AccessOptions

    @Option(help: "How many rooms with a made-up climate.")
    var devices = 5

    @Option(help: "Seconds from one reading to the next.")
    var interval = 5.0

    @Option(help: "A recording to replay as one more device: CSV with the header `elapsed [s],sensor_type [unit],…`.")
    var csv: String?

    @Option(help: "An access token to register the devices with, instead of signing in.")
    var token: String?

    func validate() throws {
        guard DeviceState.intervals.contains(interval) else {
            throw ValidationError("--interval must be between 0.1 and 86400 seconds.")
        }
        guard (0...10_000).contains(devices) else { throw ValidationError("--devices must be between 0 and 10000.") }
    }

    func run() async throws {
        let models = try Simulator.rooms(devices, interval: interval) + replayed()
        let terminal = Terminal()
        let logger = Logger(label: "simulator") { TerminalLogHandler(terminal: terminal, name: $0) }
        let client = access.client
        let token = if let token { token } else { try await access.signIn(client).accessToken }
        let file = PrivateFile(access.dataDir + "/simulator.json")
        terminal.say("\(models.count) devices send to \(client.url); Ctrl-C ends it.")
        let simulator = Simulator(gateway: client, models: models, file: file, logger: logger)
        try await untilStopped { try await simulator.run(token: token) }
        terminal.say("Stopped.")
    }

    /// Runs `body` until it is over or a signal comes.
    private func untilStopped(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) { return }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func replayed() throws -> [Simulator.Model] {
        guard let csv else { return [] }
        guard let data = FileManager.default.contents(atPath: csv) else {
            throw ValidationError("\(csv) cannot be read.")
        }
        do {
            let recording = try Recording(csv: String(decoding: data, as: UTF8.self))
            let name = csv.split(separator: "/").last.map(String.init) ?? csv
            return [Simulator.replay(recording, name: "Replay of \(name)", interval: interval)]
        } catch {
            throw ValidationError("\(csv): \(error)")
        }
    }
}
