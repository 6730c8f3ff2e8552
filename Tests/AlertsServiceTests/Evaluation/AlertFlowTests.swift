import EventBus
import FoundationEssentials
import Kernel
import Redis
import TestKit
import Testing

@testable import AlertsService

@Suite struct AlertFlowTests {
    @Test func `a reading above the threshold raises an alert that counts on and resolves itself`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        let rule = try await laboratory.makeRule()
        try await laboratory.send(device, [(1, 20), (2, 31.5)])
        let raised = try await laboratory.alert(device, status: "active")
        #expect(raised["rule_id"].string == rule)
        #expect(raised["severity"].string == "high")
        #expect(raised["value"].double == 31.5)
        #expect(raised["threshold_value"].double == 30)
        #expect(raised["message"].string == "temperature 31.5 is above 30")
        #expect(raised["count"].int == 1)

        try await laboratory.send(device, [(3, 33), (4, 32)])
        let counted = try await laboratory.alert(device, status: "active", count: 3)
        #expect(counted["id"] == raised["id"])
        #expect(counted["last_value"].double == 32)

        try await laboratory.send(device, [(5, 29)])
        let resolved = try await laboratory.alert(device, status: "resolved")
        #expect(resolved["id"] == raised["id"])
        #expect(resolved["resolved_by"].isNull)
        #expect(try await laboratory.alerts(device).count == 1)
    }

    @Test func `a rule applies to every reading that is sent after its answer`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        // The rules of this organization are cached, without any.
        try await laboratory.send(device, [(1, 50)])
        try await laboratory.settle(device)
        for round in 1...5 {
            let id = try await laboratory.makeRule(["name": .string("Rule \(round)")])
            try await laboratory.send(device, [(Int64(round * 10), 50)])
            try await laboratory.settle(device)
            #expect(try await laboratory.alerts(device, "&rule_id=\(id)").count == 1)
            #expect(try await laboratory.client(.admin).delete("/api/v1/alerts/rules/\(id)").status == 204)
        }
    }

    @Test func `late and repeated readings are not evaluated`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        _ = try await laboratory.makeRule()
        try await laboratory.send(device, [(10, 31)])
        try await laboratory.send(device, [(10, 31)])
        try await laboratory.send(device, [(9, 20)])
        try await laboratory.settle(device)
        let alerts = try await laboratory.alerts(device)
        #expect(alerts.map { $0["status"].string } == ["active"])
        #expect(alerts.map { $0["count"].int } == [1])
    }

    @Test func `every step is an event with a newer version`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        _ = try await laboratory.makeRule()
        try await laboratory.send(device, [(1, 31)])
        let id = try #require(try await laboratory.alert(device, status: "active")["id"].string)
        let member = try await laboratory.client(.member)
        #expect(try await member.put("/api/v1/alerts/\(id)/acknowledge", ["notes": "seen"]).status == 200)
        try await laboratory.send(device, [(2, 20)])
        _ = try await laboratory.alert(device, status: "resolved")

        let events = try await eventually {
            let events = try await ["triggered", "acknowledged", "resolved"].asyncMap {
                try await laboratory.events("alert.\($0)")
            }.flatMap(\.self)
            return events.count == 3 ? events : nil
        }
        #expect(events.allSatisfy { $0.subject == id })
        #expect(events.map(\.subjectVersion) == [1, 2, 3])
        #expect(try events[2].decode(JSONValue.self)["status"].string == "resolved")
        #expect(try events[0].decode(JSONValue.self)["device_id"].string == device.text)
    }

    @Test func `an alert is shown live where somebody watches`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let device = UUID.v7()
        _ = try await laboratory.makeRule()
        _ = try await server.redis.set(StreamName.watch(laboratory.organization), to: "1")
        try await laboratory.send(device, [(1, 31)])
        let entry = try await eventually {
            try await server.redis.xrange(StreamName.live(laboratory.organization), count: 1).first
        }
        #expect(entry["kind"] == Array("alert".utf8))
        let frame = try #require(LiveStream.decode(entry["frames"] ?? []).first)
        #expect(frame.deviceID == device)
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(frame.json))["status"].string == "active")
    }

    @Test func `a rule for a tag or a project follows the devices`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let (device, project) = (UUID.v7(), UUID.v7())
        let byTag = try await laboratory.makeRule(["scope": ["tags": ["cold"]]])
        let byProject = try await laboratory.makeRule(["scope": ["project_id": .string(project.text)]])
        try await laboratory.tell("device.updated", device, version: 2, tags: ["cold"], project: nil)
        // An older fact that comes later changes nothing.
        try await laboratory.tell("device.registered", device, version: 1, tags: [], project: project)
        try await eventually {
            try await server.query("SELECT 1 FROM alerts.devices WHERE id = \(device) AND version = 2").count == 1
        }
        try await laboratory.send(device, [(1, 31)])
        let alert = try await laboratory.alert(device, status: "active")
        #expect(alert["rule_id"].string == byTag)
        #expect(alert["device_name"].string == "Fridge")
        #expect(try await laboratory.alerts(device, "&rule_id=\(byProject)").isEmpty)
    }

    @Test func `a deleted rule or device ends its alerts`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (first, second) = (UUID.v7(), UUID.v7())
        let rule = try await laboratory.makeRule()
        try await laboratory.send(first, [(1, 31)])
        try await laboratory.send(second, [(1, 31)])
        _ = try await laboratory.alert(first, status: "active")
        _ = try await laboratory.alert(second, status: "active")

        try await laboratory.tell("device.deleted", first, version: 3, tags: [], project: nil)
        _ = try await laboratory.alert(first, status: "resolved")
        #expect(try await laboratory.client(.admin).delete("/api/v1/alerts/rules/\(rule)").status == 204)
        let ended = try await laboratory.alert(second, status: "resolved")
        #expect(ended["notes"].string == "The rule was deleted.")
    }

    @Test func `an entry that cannot be read holds nothing up`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let device = UUID.v7()
        _ = try await laboratory.makeRule()
        _ = try await server.redis.xadd(
            StreamName.telemetry(StreamName.telemetryPartition(of: device)), [(TelemetryEntry.field, "nonsense")])
        try await laboratory.send(device, [(1, 31)])
        _ = try await laboratory.alert(device, status: "active")
    }
}

extension Laboratory {
    /// Tells what the devices service tells of a device.
    func tell(_ type: String, _ device: UUID, version: Int, tags: [String], project: UUID?) async throws {
        let data: JSONValue = [
            "id": .string(device.text), "organization_id": .string(organization.text), "name": "Fridge",
            "project_id": project.map { .string($0.text) } ?? .null, "tags": .array(tags.map(JSONValue.string)),
            "version": .number(Double(version)),
        ]
        try await server.publish(
            Event(
                source: .devices, type: type, subject: device.text, subjectVersion: version,
                organizationID: organization, data: data))
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
