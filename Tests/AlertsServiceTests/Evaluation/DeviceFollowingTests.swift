import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// What is told of devices reaches evaluation while their states are in memory, and without a reading.
@Suite struct DeviceFollowingTests {
    @Test(arguments: ["device.status_changed", "device.offline"])
    func `a device that goes offline raises an alert, which ends when it is back`(_ type: String) async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let device = try await laboratory.register()
        let rule = try await laboratory.makeRule([
            "kind": "device_offline", "sensor_type": nil, "condition": nil, "threshold_value": nil,
        ])
        try await laboratory.tell(type, device, version: 3, status: "offline")
        let raised = try await laboratory.alert(device, status: "active")
        #expect(raised["rule_id"].string == rule)
        #expect(raised["message"].string == "the device is offline")
        try await laboratory.tell("device.online", device, version: 4, status: "online")
        let ended = try await laboratory.alert(device, status: "resolved")
        #expect(ended["id"] == raised["id"])

        // An older fact that comes later changes nothing.
        try await laboratory.tell(type, device, version: 2, status: "offline")
        try await laboratory.tell("device.updated", device, version: 5, tags: [], project: nil)
        try await eventually {
            try await server.query("SELECT FROM alerts.devices WHERE id = \(device) AND version = 5").count == 1
        }
        let status = try await server.query("SELECT status FROM alerts.devices WHERE id = \(device)")
        #expect(try status.only { try $0.decode(String.self) } == "online")
        #expect(try await laboratory.alerts(device).count == 1)
    }

    @Test func `a device whose tags and project change has other rules from then on`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = try await laboratory.register()
        let project = UUID.v7()
        let cold = try await laboratory.makeRule(["scope": ["tags": ["cold"]]])
        let inProject = try await laboratory.makeRule(["scope": ["project_id": .string(project.text)]])
        let warm = try await laboratory.makeRule(["scope": ["tags": ["warm"]]])
        func ruleIDs() async throws -> Set<String?> {
            Set(try await laboratory.alerts(device).map { $0["rule_id"].string })
        }
        try await laboratory.send(device, [(1, 31)])
        try await laboratory.settle(device)
        #expect(try await ruleIDs().isEmpty)

        try await laboratory.tell("device.updated", device, version: 2, tags: ["cold"], project: project)
        let found = try await laboratory.send(device, from: 2) { try await ruleIDs().count == 2 }
        #expect(try await ruleIDs() == [cold, inProject])
        try await laboratory.send(device, [(found, 20)])
        try await eventually { try await laboratory.alerts(device, "&status=resolved").count == 2 }

        try await laboratory.tell("device.updated", device, version: 3, tags: ["warm"], project: nil)
        let left = try await laboratory.send(device, from: found + 1) { try await ruleIDs().contains(warm) }
        // What it was told of on its way there may have been by its old rules.
        let count = try await laboratory.alerts(device, "&rule_id=\(cold)").count
        try await laboratory.send(device, [(left, 20), (left + 1, 31)])
        try await eventually { try await laboratory.alerts(device, "&rule_id=\(warm)").count == 2 }
        #expect(try await laboratory.alerts(device, "&rule_id=\(cold)").count == count)
    }
}

extension Laboratory {
    /// Tells of a device's status as the devices service does.
    fileprivate func tell(_ type: String, _ device: UUID, version: Int, status: String) async throws {
        try await server.publish(
            Event(
                source: .devices, type: type, subject: device.text, subjectVersion: version,
                organizationID: organization, data: ["device_id": device.text, "status": status]))
    }

    /// Sends temperatures above 30, one after the other, until something is so.
    ///
    /// - Returns: The second of the next one.
    fileprivate func send(
        _ device: UUID, from second: Int64, until isSo: () async throws -> Bool
    ) async throws -> Int64 {
        var second = second
        try await eventually(every: .milliseconds(100)) {
            try await send(device, [(second, 31)])
            second += 1
            return try await isSo()
        }
        return second
    }
}
