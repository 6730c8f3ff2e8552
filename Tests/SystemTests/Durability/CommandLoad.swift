import Foundation
import Synchronization
import TestKit
import Testing

/// People who give commands through the gateway, each again until it is answered, and devices that poll two copies of
/// their service for them and carry them out; what each was answered is noted.
final class CommandLoad: Sendable {
    private struct State {
        var given: Set<String> = []
        var taken: Set<String> = []
        var takenAgain: [String] = []
        var carriedOut: Set<String> = []
        var interruptions = 0
        var isGiving = true
        var isTaking = true
    }

    private static let commandsPerDevice = 5000
    private static let triesPerRequest = 2000
    /// Long enough that most commands find a poll that waits, and short enough that the load ends soon.
    private static let patience = "?wait=5"

    private let devices: [LoadedDevice]
    private let state = Mutex(State())

    private init(_ devices: [LoadedDevice]) {
        self.devices = devices
    }

    /// Lets new devices take commands for the length of `disturb`, and then until all have been carried out.
    static func run(on copies: Copies, _ disturb: (CommandLoad) async throws -> Void) async throws -> CommandLoad {
        let owner = try await copies.installation.owner()
        var devices: [LoadedDevice] = []
        for number in 0..<6 { devices.append(LoadedDevice(try await owner.device("d\(number)"), of: owner, copies)) }
        let load = CommandLoad(devices)
        try await withThrowingTaskGroup(of: Void.self) { takers in
            for device in devices {
                for copy in copies.ports.indices { takers.addTask { await load.keepTaking(device, copy) } }
            }
            defer { load.state.withLock { $0.isTaking = false } }
            try await withThrowingTaskGroup(of: Void.self) { givers in
                for device in devices { givers.addTask { await load.keepGiving(device) } }
                defer { load.state.withLock { $0.isGiving = false } }
                try await disturb(load)
            }
            // What was handed out to a poll whose answer was lost comes again when its lease of 30 s has run out.
            try await eventually(within: .seconds(90)) { load.given == load.carriedOut }
        }
        return load
    }

    // MARK: What there is so far

    /// The ids of the commands that were answered 201.
    var given: Set<String> { state.withLock(\.given) }
    /// Those whose result was answered 200.
    var carriedOut: Set<String> { state.withLock(\.carriedOut) }
    /// Those that a device was given though it had them already.
    var takenAgain: [String] { state.withLock(\.takenAgain) }
    /// How many requests of the devices were refused, or lost with their connection.
    var interruptions: Int { state.withLock(\.interruptions) }

    /// Waits until so many more commands are carried out.
    func waitForProgress(by count: Int = 50) async throws {
        let goal = carriedOut.count + count
        try await eventually(within: .seconds(120)) { carriedOut.count >= goal }
    }

    // MARK: Both sides

    private func keepGiving(_ device: LoadedDevice) async {
        for number in 0..<Self.commandsPerDevice where state.withLock(\.isGiving) {
            let key = "\(device.id) \(number)"
            if let id = await untilAnswered({ try await device.giveCommand(key: key) }, 201)?.json["id"].string {
                _ = state.withLock { $0.given.insert(id) }
            }
            // The pause bounds the load, and lets polls wait.
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// A poll at a copy of its own, while there is one.
    private func keepTaking(_ device: LoadedDevice, _ copy: Int) async {
        var failures = 0
        while state.withLock(\.isTaking) {
            guard var ids = await poll(device, at: copy + failures, Self.patience) else {
                failures += 1
                continue
            }
            failures = 0
            // What it has in hand it is not given once more, neither here nor by the other copy.
            if !ids.isEmpty { ids += await poll(device, at: copy + 1) ?? [] }
            for id in ids { await carryOut(id, device) }
        }
    }

    /// The ids of the commands that were handed out; nil without an answer.
    private func poll(_ device: LoadedDevice, at copy: Int, _ query: String = "") async -> [String]? {
        guard let response = await answer({ try await device.poll(at: copy, query) }, 200) else { return nil }
        let ids = response.json["items"].array?.compactMap(\.["id"].string) ?? []
        state.withLock { state in
            for id in ids where !state.taken.insert(id).inserted { state.takenAgain.append(id) }
        }
        return ids
    }

    private func carryOut(_ id: String, _ device: LoadedDevice) async {
        guard let response = await untilAnswered({ try await device.report(id, to: $0) }, 200) else { return }
        #expect(response.json["status"] == "succeeded", "\(response)")
        _ = state.withLock { $0.carriedOut.insert(id) }
    }

    // MARK: Requests

    /// The answer once it has `status`.
    private func untilAnswered(
        _ send: @Sendable (_ attempt: Int) async throws -> TestHTTPResponse, _ status: Int
    ) async -> TestHTTPResponse? {
        for attempt in 0..<Self.triesPerRequest {
            if let response = await answer({ try await send(attempt) }, status) { return response }
        }
        Issue.record("a request was never answered \(status)")
        return nil
    }

    private func untilAnswered(
        _ send: @Sendable () async throws -> TestHTTPResponse, _ status: Int
    ) async -> TestHTTPResponse? {
        await untilAnswered({ _ in try await send() }, status)
    }

    /// Whatever is away, there are two ways to fail: 503 with the time to try again, or a connection that breaks.
    private func answer(
        _ send: @Sendable () async throws -> TestHTTPResponse, _ status: Int
    ) async -> TestHTTPResponse? {
        do {
            let response = try await send()
            if response.status == status { return response }
            #expect(response.status == 503 && response.header("retry-after") != nil, "\(response)")
        } catch let error as TimedOut {
            Issue.record(error, "a request was neither answered nor refused")
        } catch {
        }
        state.withLock { $0.interruptions += 1 }
        // A device waits before it tries again; here the pause bounds the load.
        try? await Task.sleep(for: .milliseconds(20))
        return nil
    }
}

/// A device that knows both copies, and whoever gives it commands.
private struct LoadedDevice: Sendable {
    let id: String
    private let path: String
    private let owner: TestHTTPClient
    /// With the device's key, one for each copy.
    private let copies: [TestHTTPClient]

    init(_ device: Device, of owner: Owner, _ copies: Copies) {
        id = device.id
        path = "\(device.path)/commands"
        self.owner = owner.api
        self.copies = copies.ports.map { port in
            var client = TestHTTPClient(port: port)
            client.headers = device.api.headers
            return client
        }
    }

    /// The same command as often as it takes.
    func giveCommand(key: String) async throws -> TestHTTPResponse {
        try await owner.post(path, ["command_type": "calibrate"], headers: ["idempotency-key": key])
    }

    func poll(at copy: Int, _ query: String) async throws -> TestHTTPResponse {
        try await copies[copy % copies.count].get(path + query)
    }

    func report(_ command: String, to copy: Int) async throws -> TestHTTPResponse {
        try await copies[copy % copies.count].put(
            "\(path)/\(command)", ["status": "succeeded", "result": ["times_carried_out": 1]])
    }
}
