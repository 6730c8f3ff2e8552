import EventBus
import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// When others are told of batteries.
@Suite struct BatteryChangeTests {
    /// A level that a device says.
    struct Step: Sendable {
        let level: Double?
        /// Whether five minutes have passed since a level was told last.
        let isLater: Bool
        let isTold: Bool

        static func soon(_ level: Double?, isTold: Bool) -> Step { Step(level: level, isLater: false, isTold: isTold) }
        static func later(_ level: Double?, isTold: Bool) -> Step { Step(level: level, isLater: true, isTold: isTold) }
    }

    static let courses: [(String, [Step])] = [
        (
            "the same level is told once, and none is not a level",
            [
                .soon(nil, isTold: false), .soon(80, isTold: true), .later(80, isTold: false),
                .later(nil, isTold: false), .later(80, isTold: false),
            ]
        ),
        (
            "each whole percent is told, when it is reached, left or crossed",
            [
                .soon(11.4, isTold: true), .later(10.2, isTold: true), .later(10.1, isTold: false),
                .later(10, isTold: true), .later(9.9, isTold: true), .later(9.1, isTold: false),
                .later(9.2, isTold: false), .later(8.9, isTold: true),
            ]
        ),
        (
            "small losses wait for their time, and are told as they are then",
            [
                .soon(80, isTold: true), .soon(79, isTold: false), .soon(77, isTold: false),
                .later(76.5, isTold: true), .soon(75, isTold: false),
            ]
        ),
        (
            "a large loss is told at once",
            [
                .soon(80, isTold: true), .soon(75.1, isTold: false), .soon(75, isTold: true), .soon(70, isTold: true),
                .soon(66, isTold: false), .soon(3, isTold: true),
            ]
        ),
        (
            "a gain waits for its time, however large",
            [.soon(5, isTold: true), .soon(95, isTold: false), .later(100, isTold: true), .soon(5, isTold: true)]
        ),
    ]

    @Test(arguments: courses)
    func `a level is told once it is news`(_ name: String, _ steps: [Step]) async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        for (index, step) in steps.enumerated() {
            if step.isLater { try await passFiveMinutes(device) }
            let told = try await say([(device, step.level)])
            #expect(told == [step.level].compactMap { step.isTold ? $0 : nil }, "\(name): \(index)")
        }
        try await eventually {
            try await organization.server.service.events(about: device.id)
                .filter { $0.type == "device.battery_changed" }
                .map { try $0.decode(JSONValue.self)["battery_level"].double }
                == steps.filter(\.isTold).map(\.level)
        }
    }

    @Test func `of many devices those are told of that have news`() async throws {
        let organization = try await DevicesServer.shared().organization()
        var devices: [TestDevice] = []
        for _ in 0..<3 { devices.append(try await organization.device()) }
        #expect(try await say([(devices[0], 40), (devices[1], nil), (devices[2], 60)]).count == 2)
        #expect(try await say([(devices[0], 40), (devices[1], 50), (devices[2], 30)]).count == 2)
        #expect(try await devices[2].shown()["battery_level"] == 30)
    }

    @Test func `what a device's update has told is not told again, and another level is`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await say([(device, 9)]) == [9])
        #expect(try await say([(device, 60)]) == [])
        #expect(try await organization.admin.patch(device.path, ["name": "Freezer"]).json["battery_level"] == 60)
        try await passFiveMinutes(device)
        #expect(try await say([(device, 60)]) == [])
        #expect(try await say([(device, 9)]) == [9])
    }

    /// Writes signs of life, all at once, and answers the levels that are told.
    private func say(_ levels: [(device: TestDevice, level: Double?)]) async throws -> [Double] {
        let database = try await DevicesServer.shared().service.database
        let signs = try levels.map { device, level in
            SignOfLife(deviceID: try #require(UUID(uuidString: device.id)), time: .now, batteryLevel: level)
        }
        return try await withClient(database.configuration(.devices)) { client in
            let store = StatusStore(database: client, ledger: Ledger(outbox: Outbox(source: .devices)))
            return try await store.write(signs).batteries.map(\.level)
        }
    }

    private func passFiveMinutes(_ device: TestDevice) async throws {
        let id = try #require(UUID(uuidString: device.id))
        try await device.organization.server.service.query(
            "UPDATE devices.devices SET battery_told_at = battery_told_at - interval '5 min' WHERE id = \(id)")
    }
}
