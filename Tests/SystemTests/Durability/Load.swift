import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

/// Devices that send readings until they are told to stop, each again until it is answered; what was answered 201 is
/// noted.
final class Load: Sendable {
    struct Reading: Sendable, Hashable {
        /// The number of the device.
        let device: Int
        let sensor: String
        /// Its time, in seconds since 1970, which is also its value.
        let second: Int
    }

    private struct State {
        var acknowledged: Set<Reading> = []
        var unavailable = 0
        var marks: [String] = []
        var isStopped = false
    }

    private static let requestsPerDevice = 20_000
    private static let readingsPerRequest = 5

    let devices: [Device]
    /// So long ago that the last reading is not ahead of the clock.
    private let firstSecond = Int(Timestamp.now.microseconds / 1_000_000) - requestsPerDevice * readingsPerRequest
    private let state = Mutex(State())

    private init(_ devices: [Device]) {
        self.devices = devices
    }

    /// Lets new devices of `owner` send for the length of `disturb`.
    static func run(of owner: Owner, _ disturb: (Load) async throws -> Void) async throws -> Load {
        var devices: [Device] = []
        for number in 0..<8 { devices.append(try await owner.device("d\(number)")) }
        let load = Load(devices)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in devices.indices { group.addTask { await load.send(number) } }
            defer { load.state.withLock { $0.isStopped = true } }
            try await disturb(load)
        }
        return load
    }

    // MARK: What there is so far

    var acknowledged: Set<Reading> { state.withLock(\.acknowledged) }
    /// How many requests were refused, or lost with their connection.
    var unavailable: Int { state.withLock(\.unavailable) }

    /// Lets every device send, once, a reading of `sensor` beside the others, and waits until all are acknowledged.
    func mark(_ sensor: String) async throws {
        state.withLock { $0.marks.append(sensor) }
        let count = devices.count
        try await eventually(within: .seconds(60)) { acknowledged.count { $0.sensor == sensor } == count }
    }

    /// Waits until so many more readings are acknowledged.
    func waitForProgress(by count: Int = 200) async throws {
        let goal = acknowledged.count + count
        try await eventually(within: .seconds(60)) { acknowledged.count >= goal }
    }

    /// Waits until so many more requests have failed.
    func waitForRefusals(by count: Int) async throws {
        let goal = unavailable + count
        try await eventually(within: .seconds(60)) { unavailable >= goal }
    }

    // MARK: A device

    private func send(_ number: Int) async {
        var (request, marksSent) = (0, 0)
        while request < Self.requestsPerDevice {
            let (marks, isStopped) = state.withLock { ($0.marks, $0.isStopped) }
            if isStopped { return }
            let second = firstSecond + request * Self.readingsPerRequest
            let readings =
                (0..<Self.readingsPerRequest).map { Reading(device: number, sensor: "t", second: second + $0) }
                + marks.dropFirst(marksSent).map { Reading(device: number, sensor: $0, second: second) }
            if await isAcknowledged(readings) {
                state.withLock { $0.acknowledged.formUnion(readings) }
                request += 1
                marksSent = marks.count
            } else {
                state.withLock { $0.unavailable += 1 }
                // A device waits before it tries again; here the pause bounds the load.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Whatever is away, there are two ways to fail: 503 with the time to try again, or a connection that breaks.
    private func isAcknowledged(_ readings: [Reading]) async -> Bool {
        do {
            let response = try await devices[readings[0].device].send(readings.map(\.json))
            if response.status == 201 {
                #expect(response.json["rejected"] == [], "\(response)")
                return true
            }
            #expect(response.status == 503 && response.header("retry-after") != nil, "\(response)")
        } catch let error as TimedOut {
            Issue.record(error, "a request was neither answered nor refused")
        } catch {
        }
        return false
    }
}

extension Load.Reading {
    fileprivate var json: JSONValue {
        let second = JSONValue.number(Double(second))
        return ["sensor_type": .string(sensor), "value": second, "timestamp": second]
    }
}
