import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

/// Devices whose readings go above a rule's bound and come back, in turns, until they are told to stop.
final class Crossings: Sendable {
    struct Crossing: Sendable, Hashable {
        let device: String
        /// Which of the device's it is, from 1 on, which is also its value.
        let number: Int
    }

    private struct State {
        var isEnding = false
        /// Those that are over.
        var done: Set<Crossing> = []
    }

    static let sensor = "crossing"
    private static let deviceCount = 8
    private static let mostPerDevice = 5000
    private static let pause = Duration.milliseconds(50)

    private let devices: [Device]
    /// So long ago that the last reading is not ahead of the clock.
    private let firstSecond = Int(Timestamp.now.microseconds / 1_000_000) - 2 * mostPerDevice - 2
    private let state = Mutex(State())

    private init(_ devices: [Device]) {
        self.devices = devices
    }

    /// Lets new devices of `owner` send for the length of `disturb`; each then comes back once more.
    ///
    /// - Parameter receiver: Told of their alerts, of each device's by a channel of its own, since all that go by one would
    ///   be more than it is sent in time.
    static func run(
        of owner: Owner, telling receiver: WebhookReceiver,
        _ disturb: @escaping @Sendable (Crossings) async throws -> Void
    ) async throws -> Crossings {
        var devices: [Device] = []
        for number in 0..<deviceCount {
            let device = try await owner.device("d\(number)")
            try await owner.rule(on: sensor, of: device, telling: try await owner.webhook(to: receiver.url))
            devices.append(device)
        }
        let crossings = Crossings(devices)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for device in devices { group.addTask { try await crossings.send(device) } }
            group.addTask {
                try await disturb(crossings)
                crossings.state.withLock { $0.isEnding = true }
            }
            // Where one throws, the others are cancelled.
            for try await _ in group {}
        }
        return crossings
    }

    var done: Set<Crossing> { state.withLock(\.done) }

    private func send(_ device: Device) async throws {
        for number in 1...Self.mostPerDevice where !state.withLock(\.isEnding) {
            let second = firstSecond + 2 * number
            try await send(device, number, at: second)
            try await send(device, 0, at: second + 1)
            state.withLock { _ = $0.done.insert(Crossing(device: device.id, number: number)) }
        }
    }

    /// Sends a reading, and where it is not taken again before anything newer.
    private func send(_ device: Device, _ value: Int, at second: Int) async throws {
        let reading: JSONValue = [
            "sensor_type": .string(Self.sensor), "value": .number(Double(value)),
            "timestamp": .number(Double(second)),
        ]
        while true {
            let response = try await device.send([reading])
            // The pause bounds the load.
            try await Task.sleep(for: Self.pause)
            if response.status == 201 { return }
            guard response.status == 503 else { throw UnexpectedAnswer(response: response) }
        }
    }
}

/// No more alerts end, though devices send on.
struct AlertsBehind: Error {
    let ended: Int
    let goal: Int
    /// Those that are over.
    let crossings: Int
}

extension SystemInstallation {
    /// Waits until alerts have begun and ended for all crossings so far and some that come later.
    ///
    /// - Throws: ``AlertsBehind``.
    func waitUntilFollowed(_ crossings: Crossings) async throws {
        let goal = crossings.done.count + 20
        do {
            try await eventually(within: .seconds(120)) { try await endedAlerts() >= goal }
        } catch is TimedOut {
            throw AlertsBehind(ended: try await endedAlerts(), goal: goal, crossings: crossings.done.count)
        }
    }

    /// Waits until as many alerts have ended as there were crossings, and all is told, and checks that each crossing has one,
    /// whose history begins and ends once.
    func check(_ crossings: Crossings) async throws {
        let expected = crossings.done
        do {
            try await eventually(within: .seconds(120)) { try await endedAlerts() >= expected.count }
        } catch is TimedOut {
            // What there is instead is told below.
        }
        try await eventually { try await query("SELECT 1 FROM core.outbox WHERE source = 'alerts'").isEmpty }
        let rows = try await query(
            """
            SELECT a.device_id::text, a.value, count(*) FILTER (WHERE e.event_type = 'triggered'),
                count(*) FILTER (WHERE e.event_type = 'resolved')
            FROM alerts.alerts AS a LEFT JOIN alerts.alert_events AS e ON e.alert_id = a.id GROUP BY a.id
            """)
        var found: Set<Crossings.Crossing> = []
        for row in rows {
            let (device, value, begins, ends) = try row.decode(String.self, Double.self, Int.self, Int.self)
            let crossing = Crossings.Crossing(device: device, number: Int(value))
            #expect(found.insert(crossing).inserted, "\(crossing) has two alerts")
            #expect(begins == 1 && ends == 1, "\(crossing) began \(begins) times and ended \(ends) times")
        }
        #expect(found.subtracting(expected).isEmpty, "alerts of nothing")
        #expect(expected.subtracting(found).isEmpty, "crossings without an alert")
    }

    private func endedAlerts() async throws -> Int {
        try await query("SELECT count(*) FROM alerts.alerts WHERE status = 'resolved'")[0].decode(Int.self, at: 0)
    }
}
