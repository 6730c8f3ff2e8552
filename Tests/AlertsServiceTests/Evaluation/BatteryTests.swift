import EventBus
import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

/// Batteries of devices that send nothing besides.
@Suite struct BatteryTests {
    private static let rule: [String: JSONValue] = [
        "kind": "battery_low", "sensor_type": nil, "condition": nil, "threshold_value": 10, "clear_value": 20,
    ]

    @Test func `a battery that runs down raises an alert, and one that is charged ends it`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = try await laboratory.register()
        let rule = try await laboratory.makeRule(Self.rule)
        try await laboratory.tell(battery: 11, of: device)
        try await laboratory.tell(battery: 9, of: device)
        let alert = try await laboratory.alert(device, status: "active")
        #expect(alert["rule_id"].string == rule && alert["value"] == 9 && alert["sensor_type"].isNull)
        #expect(alert["message"] == "the battery is at 9 %, at or below 10 %")
        try await laboratory.tell(battery: 15, of: device)
        #expect(try await laboratory.alert(device, status: "active")["id"] == alert["id"])
        try await laboratory.tell(battery: 20, of: device)
        #expect(try await laboratory.alert(device, status: "resolved")["id"] == alert["id"])
        #expect(try await laboratory.alerts(device).count == 1)
    }

    @Test func `a level that was told before is not taken for the newest`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = try await laboratory.register()
        let old = try laboratory.event(battery: 9, of: device)
        try await laboratory.tell(battery: 50, of: device)
        try await laboratory.server.publish(old)
        let last = try await laboratory.register()
        #expect(try await laboratory.battery(of: device) == 50)
        #expect(try await laboratory.battery(of: last) == nil)
    }

    @Test func `a rule finds the level that was told before it was made, and before an instance started`() async throws
    {
        let database = try await AlertsServer.makeDatabase()
        let first = try await AlertsServer.start(on: database)
        let laboratory = first.laboratory()
        let device = try await laboratory.register()
        try await laboratory.tell(battery: 9, of: device)
        try await first.running.stop()

        let second = try await AlertsServer.start(on: database)
        let heir = Laboratory(server: second, organization: laboratory.organization)
        _ = try await heir.makeRule(Self.rule)
        #expect(try await heir.alert(device, status: "active")["value"] == 9)
        try await second.running.stop()
    }
}

extension Laboratory {
    /// What the devices service tells of a battery now.
    fileprivate func event(battery level: Double, of device: UUID) throws -> Event {
        try Event(
            source: .devices, type: "device.battery_changed", subject: device.text, subjectVersion: 1,
            organizationID: organization,
            data: [
                "device_id": .string(device.text), "organization_id": .string(organization.text),
                "battery_level": .number(level),
            ] as JSONValue)
    }

    /// Tells of a battery, and waits until this service knows.
    func tell(battery level: Double, of device: UUID) async throws {
        try await server.publish(event(battery: level, of: device))
        try await eventually { try await battery(of: device) == level }
    }

    fileprivate func battery(of device: UUID) async throws -> Double? {
        let rows = try await server.query("SELECT battery_level FROM alerts.devices WHERE id = \(device)")
        return try rows.first?.decode(Double?.self, at: 0)
    }
}
