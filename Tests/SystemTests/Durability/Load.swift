import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

/// Devices that send readings until they are told to stop. As a board does, each keeps what was not acknowledged and sends
/// it again before anything newer; what was answered 201 is noted.
final class Load: Sendable {
    struct Reading: Sendable, Hashable {
        /// The number of the device.
        let device: Int
        let sensor: String
        /// Its time, in seconds since 1970, which is also its value.
        let second: Int
    }

    /// How a device sends.
    private struct Habit {
        var sensors = ["t"]
        /// How much older its readings are than those of others.
        var age = 0
        /// What a device waits before it sends again, and what bounds the load.
        var pause = Duration.milliseconds(20)

        /// Few readings at once, as most devices.
        static let usual = Habit()
        /// So many at once that they are copied into the table and not inserted.
        static let many = Habit(sensors: (0..<48).map { "t\($0)" }, pause: .milliseconds(200))
        /// What it kept for days, for which partitions may have to be made.
        static let late = Habit(age: 4 * 86_400)
    }

    private enum Phase {
        case sending
        /// What was sent is sent until it is acknowledged, and nothing new.
        case ending
        case abandoned
    }

    private struct State {
        var phase = Phase.sending
        var acknowledged: Set<Reading> = []
        var requests = 0
        var unavailable = 0
        var lastFailure: String?
        var marks: [String] = []
        /// How many devices' readings of each mark are acknowledged.
        var marked: [String: Int] = [:]
        /// How many devices have sent their last.
        var ended = 0
    }

    private static let requestsPerDevice = 20_000
    private static let secondsPerRequest = 5
    private static let habits = [Habit.many, .late] + Array(repeating: Habit.usual, count: 6)

    let devices: [Device]
    /// So long ago that the last reading is not ahead of the clock.
    private let firstSecond = Int(Timestamp.now.microseconds / 1_000_000) - requestsPerDevice * secondsPerRequest
    private let state = Mutex(State())

    private init(_ devices: [Device]) {
        self.devices = devices
    }

    /// Lets new devices of `owner` send for the length of `disturb`, and then until all that they sent is acknowledged.
    static func run(of owner: Owner, _ disturb: (Load) async throws -> Void) async throws -> Load {
        var devices: [Device] = []
        for number in habits.indices { devices.append(try await owner.device("d\(number)")) }
        let load = Load(devices)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in devices.indices { group.addTask { await load.send(number) } }
            // Where this throws, the devices are cancelled.
            try await disturb(load)
            load.end()
            try await eventually(within: .seconds(120)) { load.state.withLock(\.ended) == load.devices.count }
        }
        return load
    }

    private func end() {
        state.withLock { if $0.phase == .sending { $0.phase = .ending } }
    }

    /// Lets the devices end without an acknowledgement, as there is nobody any more who could give one.
    func abandon() {
        state.withLock { $0.phase = .abandoned }
    }

    // MARK: What there is so far

    /// Whether all that was sent is acknowledged, after ``run(of:_:)``.
    var isComplete: Bool { state.withLock { $0.phase == .ending } }
    var acknowledged: Set<Reading> { state.withLock(\.acknowledged) }
    /// How many requests were refused, or lost with their connection.
    var unavailable: Int { state.withLock(\.unavailable) }
    /// What the last of them was answered, or why it was not.
    var lastFailure: String? { state.withLock(\.lastFailure) }

    /// Lets every device send, once, a reading of `sensor` beside the others, does `disturb` meanwhile, and waits until all
    /// are acknowledged.
    func mark(_ sensor: String, while disturb: () async throws -> Void = {}) async throws {
        state.withLock { $0.marks.append(sensor) }
        try await disturb()
        let count = devices.count
        try await eventually(within: .seconds(120)) { state.withLock { $0.marked[sensor] } == count }
    }

    /// Waits until so many more requests are acknowledged.
    func waitForProgress(by count: Int = 40) async throws {
        let goal = state.withLock(\.requests) + count
        try await eventually(within: .seconds(120)) { state.withLock(\.requests) >= goal }
    }

    /// Waits until so many more requests have failed.
    func waitForRefusals(by count: Int) async throws {
        let goal = unavailable + count
        try await eventually(within: .seconds(120)) { unavailable >= goal }
    }

    // MARK: A device

    private func send(_ number: Int) async {
        defer { state.withLock { $0.ended += 1 } }
        let habit = Self.habits[number]
        var (request, marksSent, isPending) = (0, 0, false)
        while request < Self.requestsPerDevice, !Task.isCancelled {
            let (marks, phase) = state.withLock { ($0.marks, $0.phase) }
            if phase == .abandoned || phase == .ending && !isPending { return }
            let second = firstSecond - habit.age + request * Self.secondsPerRequest
            let newMarks = marks.dropFirst(marksSent)
            let readings =
                habit.sensors.flatMap { sensor in
                    (0..<Self.secondsPerRequest).map { Reading(device: number, sensor: sensor, second: second + $0) }
                } + newMarks.map { Reading(device: number, sensor: $0, second: second) }
            isPending = await !isAcknowledged(readings)
            if isPending {
                state.withLock { $0.unavailable += 1 }
            } else {
                state.withLock { state in
                    state.acknowledged.formUnion(readings)
                    state.requests += 1
                    for mark in newMarks { state.marked[mark, default: 0] += 1 }
                }
                request += 1
                marksSent = marks.count
            }
            try? await Task.sleep(for: habit.pause)
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
            state.withLock { $0.lastFailure = "\(response)" }
        } catch let error as TimedOut {
            Issue.record(error, "a request was neither answered nor refused")
        } catch {
            state.withLock { $0.lastFailure = "\(error)" }
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
