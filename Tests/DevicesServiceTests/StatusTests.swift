import EventBus
import Foundation
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import DevicesService

@Suite struct StatusTests {
    @Test func `the first heartbeat makes the device online at once`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let command = try await device.queue()
        let answer = try await device.client.post("\(device.path)/heartbeat")
        #expect(answer.status == 200)
        #expect(answer.json["config_version"] == 1)
        #expect(answer.json["pending_commands"] == 1)
        #expect(answer.json["server_time"].string.flatMap(Timestamp.init(rfc3339:)) != nil)
        let shown = try await device.shown()
        #expect(shown["status"] == "online")
        #expect(shown["last_seen"].string != nil)
        #expect(shown["version"] == 2)
        #expect(try await device.poll() == [command])
        let events = try await organization.server.service.events(
            about: device.id, are: ["device.registered", "device.online"])
        let data = try events[1].decode(JSONValue.self)
        #expect(data["status"] == "online")
        #expect(data["previous_status"] == "provisioned")
        #expect(events[1].subjectVersion == 2)
    }

    @Test func `what a device says of itself is shown, and a change of status is an event`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let report: JSONValue = [
            "status": "online", "battery_level": 81.5, "wifi_signal_strength": -61, "firmware_version": "1.4.2",
            "uptime_s": 3600,
        ]
        #expect(try await device.client.post("\(device.path)/status", report).status == 200)
        let state = try await organization.admin.get("\(device.path)/status").json
        #expect(state["battery_level"] == 81.5)
        #expect(state["wifi_signal_strength"] == -61)
        #expect(state["firmware_version"] == "1.4.2")
        #expect(state["uptime_s"] == 3600)
        #expect(try await device.client.post("\(device.path)/status", ["status": "error"]).status == 200)
        #expect(try await device.client.get("\(device.path)/status").json["status"] == "error")
        #expect(try await device.client.post("\(device.path)/status", ["status": "offline"]).status == 200)
        let events = try await organization.server.service.events(
            about: device.id,
            are: [
                "device.registered", "device.online", "device.battery_changed", "device.status_changed",
                "device.offline",
            ])
        #expect(
            try events[2].decode(JSONValue.self) == [
                "device_id": .string(device.id), "organization_id": .string(organization.id.text),
                "battery_level": 81.5,
            ])
        #expect(events[2].actor == "device:\(device.id)")
    }

    @Test(
        arguments: [
            ([:], 422), (["status": "asleep"], 422), (["status": "online", "battery_level": 101], 422),
            (["status": "online", "uptime_s": -1], 422), (["status": 1], 422),
        ] as [(JSONValue, Int)])
    func `a wrong report is refused`(body: JSONValue, status: Int) async throws {
        let device = try await DevicesServer.shared().organization().device()
        #expect(try await device.client.post("\(device.path)/status", body).status == status)
    }

    @Test func `a device reaches only itself`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (one, other) = (try await organization.device(), try await organization.device())
        let command = try await other.queue()
        #expect(try await one.client.get(other.path).status == 404)
        #expect(try await one.client.post("\(other.path)/heartbeat").status == 404)
        #expect(try await one.client.post("\(other.path)/status", ["status": "online"]).status == 404)
        #expect(try await one.client.get("\(other.path)/status").status == 404)
        #expect(try await one.log(["level": "info", "message": "x"], at: other.path).status == 404)
        #expect(try await one.client.get("\(other.path)/config").status == 404)
        #expect(try await one.client.get("\(other.path)/commands").status == 404)
        let report: JSONValue = ["status": "succeeded"]
        #expect(try await one.client.put("\(other.path)/commands/\(command)", report).status == 404)
        #expect(try await one.client.put("\(one.path)/commands/\(command)", report).status == 404)
        #expect(try await one.client.get(one.path).status == 200)
    }

    @Test func `devices that report at once are each told of their own`() async throws {
        let server = try await DevicesServer.shared()
        var devices: [(device: TestDevice, commands: Int)] = []
        for organization in [try await server.organization(), try await server.organization()] {
            for commands in 0..<4 {
                let device = try await organization.device()
                for _ in 0..<commands { _ = try await device.queue() }
                devices.append((device, commands))
            }
        }
        // Without a body it is answered by the table's route, with one directly.
        for report in [nil, ["uptime_s": 7]] as [JSONValue?] {
            try await withThrowingDiscardingTaskGroup { group in
                for (device, commands) in devices {
                    group.addTask {
                        let answer = try await device.client.post("\(device.path)/heartbeat", report)
                        #expect(answer.status == 200)
                        #expect(answer.json["pending_commands"] == .number(Double(commands)))
                    }
                }
            }
        }
        let (device, _) = try #require(devices.first)
        #expect(try await device.client.post("\(device.path)/heartbeat", ["uptime_s": -1]).status == 422)
        #expect(try await device.client.post("\(devices[1].device.path)/heartbeat", ["uptime_s": 7]).status == 404)
    }

    @Test func `a device that falls silent is offline, and online when it is heard again`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device(["reading_interval": 30])
        let patient = try await organization.device(["reading_interval": 60])
        for device in [device, patient] {
            #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        }
        try await server.service.query(
            """
            UPDATE devices.devices SET last_seen = now() - interval '100 s' WHERE organization_id = \(organization.id)
            """)
        try await eventually { try await device.shown()["status"] == "offline" }
        #expect(try await patient.shown()["status"] == "online")
        let events = try await server.service.events(
            about: device.id, are: ["device.registered", "device.online", "device.offline"])
        #expect(events.map(\.subjectVersion) == [1, 2, 3])
        #expect(try await device.client.post("\(device.path)/status", ["status": "online"]).status == 200)
        #expect(try await device.shown()["status"] == "online")
    }

    @Test func `a device whose readings come is alive`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let id = try #require(UUID(uuidString: device.id))
        var entry = TelemetryEntry()
        entry.append("t", of: id, in: organization.id, at: Timestamp(microseconds: 1), value: .nan, quality: 2)
        let command = RedisCommand.xadd(StreamName.telemetry(StreamName.telemetryPartition(of: id)), entry)
        try await eventually {
            _ = try await server.service.redis.send(command)
            return try await device.shown()["status"] == "online"
        }
        try await server.service.events(about: device.id, are: ["device.registered", "device.online"])
    }

    @Test func `a change of status is shown live where somebody watches`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        try await server.service.redis.set(StreamName.watch(organization.id), to: "1")
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        let entry = try await eventually {
            try await server.service.redis.xrange(StreamName.live(organization.id), count: 10).first
        }
        let frame = try #require(LiveStream.decode(entry["frames"] ?? []).first)
        let data = try JSONDecoder().decode(JSONValue.self, from: Data(frame.json))
        #expect(data["device_id"].string == device.id)
        #expect(data["status"] == "online")
        #expect(data["last_seen"].string != nil)
    }
}
