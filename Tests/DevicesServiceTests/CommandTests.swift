import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct CommandTests {
    @Test func `a command goes from pending to its result, each step as the device says and an event`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let queued = try await organization.admin.post(
            "\(device.path)/commands", ["command_type": "blink", "parameters": ["times": 3], "priority": "high"])
        #expect(queued.status == 201)
        let id = try #require(queued.json["id"].string)
        #expect(queued.json["status"] == "pending")
        #expect(queued.header("location") == "/api/v1/commands/\(id)")
        #expect(try await device.report(id, "acknowledged").status == 409)

        let polled = try await device.client.get("\(device.path)/commands").json["items"][0]
        #expect(polled["id"].string == id)
        #expect(polled["status"] == "sent")
        #expect(polled["parameters"] == ["times": 3])
        #expect(try await device.report(id, "acknowledged").json["status"] == "acknowledged")
        #expect(try await device.report(id, "acknowledged").status == 200)
        let done = try await device.client.put(
            "\(device.path)/commands/\(id)", ["status": "succeeded", "result": ["blinked": true]])
        #expect(done.json["status"] == "succeeded")

        let shown = try await organization.admin.get("/api/v1/commands/\(id)").json
        #expect(shown["result"] == ["blinked": true])
        for time in ["sent_at", "acknowledged_at", "completed_at"] { #expect(shown[time].string != nil, "\(time)") }
        let events = try await organization.server.service.events(
            about: id, are: ["command.queued", "command.sent", "command.acknowledged", "command.succeeded"])
        #expect(events.map(\.subjectVersion) == [1, 2, 3, 4])
        #expect(try events[3].decode(JSONValue.self)["device_id"].string == device.id)
    }

    @Test func `a result that is reported twice counts once, and another one is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let id = try await device.queue()
        #expect(try await device.poll() == [id])
        #expect(try await device.report(id, "succeeded").status == 200)
        #expect(try await device.report(id, "succeeded").json["version"] == 3)
        #expect(try await device.report(id, "failed").status == 409)
        try await organization.server.service.events(
            about: id, are: ["command.queued", "command.sent", "command.succeeded"])
    }

    @Test func `urgent commands go out first, then older ones, and a poll takes no more than it asks for`() async throws
    {
        let device = try await DevicesServer.shared().organization().device()
        var ids: [String: String] = [:]
        for (name, priority) in [("a", "low"), ("b", "normal"), ("c", "critical"), ("d", "normal"), ("e", "high")] {
            ids[name] = try await device.queue("blink", ["priority": .string(priority)])
        }
        #expect(try await device.poll("?limit=2") == ["c", "e"].compactMap { ids[$0] })
        #expect(try await device.poll() == ["b", "d", "a"].compactMap { ids[$0] })
        #expect(try await device.poll() == [])
    }

    @Test func `polls at once share the commands out`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        var queued: Set<String> = []
        for _ in 0..<20 { queued.insert(try await device.queue()) }
        let polled = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { try await device.poll("?limit=5") } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(polled.count == Set(polled).count)
        #expect(Set(polled).isSubset(of: queued))
    }

    @Test func `what is not acknowledged goes out again after its lease, and fails when retries are used up`()
        async throws
    {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let id = try await device.queue("blink", ["max_retries": 1])
        #expect(try await device.poll() == [id])
        #expect(try await device.poll() == [])
        try await endLease(of: id, server)
        #expect(try await device.poll() == [id])
        try await endLease(of: id, server)
        #expect(try await device.poll() == [])
        let events = try await server.service.events(
            about: id, are: ["command.queued", "command.sent", "command.sent", "command.failed"])
        #expect(try events[3].decode(JSONValue.self)["error"] == "not acknowledged after 2 deliveries")
    }

    @Test func `a command expires unless the device has it in hand`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let (waiting, leased) = (try await device.queue(), try await device.queue("blink", ["priority": "high"]))
        #expect(try await device.poll("?limit=1") == [leased])
        try await server.service.query(
            """
            UPDATE devices.commands SET expires_at = now() - interval '1 s' WHERE organization_id = \(organization.id)
            """)
        #expect(try await device.poll() == [])
        try await server.service.events(about: waiting, are: ["command.queued", "command.expired"])
        #expect(try await organization.admin.get("/api/v1/commands/\(leased)").json["status"] == "sent")
        try await endLease(of: leased, server)
        try await server.service.events(about: leased, are: ["command.queued", "command.sent", "command.expired"])
        #expect(try await device.report(leased, "succeeded").status == 409)
    }

    @Test func `a scheduled command goes out when its time has come`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let time = Timestamp.now.adding(.seconds(60)).rfc3339
        let id = try await device.queue("blink", ["scheduled_at": .string(time)])
        #expect(try await device.poll() == [])
        #expect(try await device.client.post("\(device.path)/heartbeat").json["pending_commands"] == 0)
        let command = try #require(UUID(uuidString: id))
        try await server.service.query("UPDATE devices.commands SET scheduled_at = now() WHERE id = \(command)")
        #expect(try await device.poll() == [id])
    }

    @Test func `a command that is cancelled never goes out; one under way cannot be`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let id = try await device.queue()
        let path = "/api/v1/commands/\(id)"
        #expect(try await organization.admin.delete(path, headers: ["if-match": "\"7\""]).status == 412)
        #expect(try await organization.admin.delete(path).json["status"] == "cancelled")
        #expect(try await organization.admin.delete(path).status == 200)
        #expect(try await device.poll() == [])
        let other = try await device.queue()
        #expect(try await device.poll() == [other])
        #expect(try await device.report(other, "acknowledged").status == 200)
        #expect(try await organization.admin.delete("/api/v1/commands/\(other)").status == 409)
        try await organization.server.service.events(about: id, are: ["command.queued", "command.cancelled"])
    }

    @Test func `shorthands are commands`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let requests: [(String, JSONValue?)] = [
            ("reboot", nil), ("control/restart", nil), ("control/calibrate", ["sensor": "ph"]),
            ("control/set-reading-interval", ["reading_interval": 15]),
        ]
        for (path, body) in requests {
            #expect(try await organization.admin.post("\(device.path)/\(path)", body).status == 201, "\(path)")
        }
        let items = try await device.client.get("\(device.path)/commands").json["items"].array ?? []
        #expect(items.map(\.["command_type"]) == ["reboot", "restart", "calibrate", "set_reading_interval"])
        #expect(items.map(\.["parameters"]) == [[:], [:], ["sensor": "ph"], ["reading_interval": 15]])
        #expect(try await device.shown()["reading_interval"] == 60)
        let setInterval = try #require(items.last?["id"].string)
        #expect(try await device.report(setInterval, "succeeded").status == 200)
        #expect(try await device.shown()["reading_interval"] == 15)
        let wrong: JSONValue = ["reading_interval": 0]
        #expect(try await organization.admin.post("\(device.path)/control/set-reading-interval", wrong).status == 422)
    }

    @Test func `the history of a device and of the organization is listed and filtered`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (one, other) = (try await organization.device(), try await organization.device())
        let first = try await one.queue("blink")
        let second = try await one.queue("beep")
        let third = try await other.queue("blink")
        _ = try await organization.admin.delete("/api/v1/commands/\(third)")
        func ids(_ path: String) async throws -> [String] {
            try await organization.admin.get(path).json["items"].array?.compactMap(\.["id"].string) ?? []
        }
        #expect(try await ids("\(one.path)/commands") == [second, first])
        #expect(try await ids("\(one.path)/commands?limit=1&order=asc") == [first])
        #expect(try await ids("/api/v1/commands") == [third, second, first])
        #expect(try await ids("/api/v1/commands?status=pending&command_type=blink") == [first])
        #expect(try await ids("/api/v1/commands?device_id=\(other.id)") == [third])
        let posted = try await organization.admin.post(
            "/api/v1/commands", ["device_id": .string(other.id), "command_type": "beep"])
        #expect(posted.status == 201)
        #expect(try await organization.admin.post("/api/v1/commands", ["command_type": "beep"]).status == 422)
    }

    @Test(
        arguments: [
            [:], ["command_type": "a b"], ["command_type": "x", "ttl_s": 0], ["command_type": "x", "max_retries": 11],
            ["command_type": "x", "priority": "urgent"], ["command_type": "x", "scheduled_at": "tomorrow"],
            ["command_type": "x", "parameters": [1]],
        ] as [JSONValue])
    func `a wrong command is refused`(body: JSONValue) async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await organization.admin.post("\(device.path)/commands", body).status == 422)
    }

    @Test func `the same Idempotency-Key queues one command, also by a shorthand`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        func post(_ path: String, _ body: String, key: String) async throws -> TestHTTPResponse {
            try await organization.admin.send(
                .POST, "\(device.path)/\(path)", headers: ["content-type": "application/json", "idempotency-key": key],
                body: Array(body.utf8))
        }
        for (path, body, other) in [
            ("commands", #"{"command_type": "blink"}"#, #"{"command_type": "beep"}"#), ("reboot", "", "{}"),
        ] {
            let first = try await post(path, body, key: path)
            #expect(first.status == 201)
            #expect(try await post(path, body, key: path).json == first.json)
            #expect(try await post(path, other, key: path).status == 422, "\(path)")
        }
        #expect(try await device.poll().count == 2)
    }

    private func endLease(of command: String, _ server: DevicesServer) async throws {
        let id = try #require(UUID(uuidString: command))
        try await server.service.query("UPDATE devices.commands SET leased_until = now() WHERE id = \(id)")
    }
}
