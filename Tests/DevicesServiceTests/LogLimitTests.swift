import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// What is refused of logs, and what just is not.
@Suite struct LogLimitTests {
    @Test(arguments: [(0, 422), (1, 201), (500, 201), (501, 422)])
    func `a batch has from 1 to 500 entries`(count: Int, status: Int) async throws {
        let device = try await DevicesServer.shared().organization().device()
        let entry: JSONValue = ["level": "info", "message": "x"]
        let answer = try await device.client.post(
            "\(device.path)/logs", ["entries": .array(Array(repeating: entry, count: count))])
        #expect(answer.status == status)
        if status == 201 { #expect(answer.json["accepted"].int == count) }
        if status == 422 { #expect(answer.json["errors"][0]["field"] == "entries") }
    }

    /// The only entry of a batch: it is accepted, or the batch is refused with its field.
    @Test(
        arguments: [
            (["level": "info", "message": .string(String(repeating: "ü", count: 4096))], nil),
            (["level": "info", "message": .string(String(repeating: "ü", count: 4097))], "entries[0].message"),
            (["level": "info", "message": "x"], nil),
            (["level": "info", "message": ""], "entries[0].message"),
            (["level": "info", "message": "a\u{0}b"], "entries[0].message"),
            (["level": "info", "message": 1], "entries[0].message"),
            (["level": "info", "message": nil], "entries[0].message"),
            (["level": "info"], "entries[0].message"),
            (["level": "fatal", "message": "x"], "entries[0].level"),
            (["level": "INFO", "message": "x"], "entries[0].level"),
            (["level": 3, "message": "x"], "entries[0].level"),
            (["message": "x"], "entries[0].level"),
            (["level": "info", "message": "x", "timestamp": nil], nil),
            (["level": "info", "message": "x", "timestamp": "yesterday"], "entries[0].timestamp"),
            (["level": "info", "message": "x", "timestamp": "2026-02-30T00:00:00Z"], "entries[0].timestamp"),
            (["level": "info", "message": "x", "timestamp": 1_700_000_000], "entries[0].timestamp"),
            (["level": "info", "message": "x", "context": nil], nil),
            (["level": "info", "message": "x", "context": [:]], nil),
            // {"a":"…"} is eight bytes longer than what is in it.
            (["level": "info", "message": "x", "context": ["a": .string(String(repeating: "x", count: 4088))]], nil),
            (
                ["level": "info", "message": "x", "context": ["a": .string(String(repeating: "x", count: 4089))]],
                "entries[0].context"
            ),
            (["level": "info", "message": "x", "context": [1]], "entries[0].context"),
            (["level": "info", "message": "x", "context": "x"], "entries[0].context"),
            (["level": "info", "message": "x", "context": ["a": "\u{0}"]], "entries[0].context"),
            ("x", "entries[0]"), (nil, "entries[0]"),
        ] as [(JSONValue, String?)])
    func `an entry is within its limits, or is refused`(entry: JSONValue, field: String?) async throws {
        let device = try await DevicesServer.shared().organization().device()
        let answer = try await device.log(entry)
        #expect(answer.status == (field == nil ? 201 : 422))
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test(
        arguments: [
            (590, nil), (660, "timestamp"), (-30 * 86_400 + 60, nil), (-30 * 86_400 - 60, "timestamp"),
        ] as [(Int, String?)])
    func `a time is at most ten minutes ahead and thirty days ago`(seconds: Int, field: String?) async throws {
        let device = try await DevicesServer.shared().organization().device()
        let time = Timestamp.now.adding(.seconds(seconds)).rfc3339
        let answer = try await device.log(
            ["level": "info", "message": "x", "timestamp": .string(time)], ["level": "info", "message": "y"])
        #expect(answer.status == 201)
        #expect(answer.json["accepted"].int == (field == nil ? 2 : 1))
        #expect(answer.json["rejected"][0]["field"].string == field)
    }

    @Test func `good entries are stored though others are not`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let answer = try await device.log(
            ["level": "info", "message": "a"], ["level": "loud", "message": "b"], ["level": "info", "message": "c"])
        #expect(answer.status == 201)
        #expect(answer.json["accepted"] == 2)
        #expect(answer.json["rejected"].array?.count == 1)
        #expect(answer.json["rejected"][0]["index"] == 1)
        #expect(answer.json["rejected"][0]["field"] == "level")
        #expect(try await organization.admin.get("\(device.path)/logs").json["items"].array?.count == 2)
    }

    @Test func `a body of another shape is refused`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        for body in [[:], [], ["entries": [:]], ["entries": nil]] as [JSONValue] {
            #expect(try await device.client.post("\(device.path)/logs", body).status == 422)
        }
        for (text, status) in [("", 400), ("{", 400), ("entries", 400)] {
            let answer = try await device.client.send(
                .POST, "\(device.path)/logs", headers: ["content-type": "application/json"], body: Array(text.utf8))
            #expect(answer.status == status)
        }
    }

    @Test(arguments: [
        ("level=fatal", 422), ("level=INFO", 422), ("level=1", 422), ("from=yesterday", 422), ("to=1", 422),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", 422),
        ("from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z", 200), ("from=0001-01-01T00:00:00Z", 200),
        ("to=9999-12-31T23:59:59Z", 200), ("limit=0", 422), ("limit=1", 200), ("limit=1000", 200), ("limit=1001", 422),
        ("cursor=x", 422), ("order=up", 422), ("q=\(String(repeating: "x", count: 200))", 200),
        ("q=\(String(repeating: "x", count: 201))", 422), ("q=%00", 422), ("q=%ff", 400), ("q=%5C", 200), ("q=", 200),
    ])
    func `a query is within its limits, or is refused`(query: String, status: Int) async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await organization.admin.get("\(device.path)/logs?\(query)").status == status)
    }

    @Test func `a device writes and people read`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let body: JSONValue = ["entries": [["level": "info", "message": "x"]]]
        #expect(try await organization.admin.post("\(device.path)/logs", body).status == 403)
        #expect(try await device.client.get("\(device.path)/logs").status == 403)
        #expect(try await device.client.get("\(device.path)/health").status == 403)
        #expect(try await organization.admin.get("/api/v1/devices/\(UUID().uuidString)/logs").status == 404)
        #expect(try await organization.admin.get("/api/v1/devices/x/logs").status == 404)
        let foreign = try await organization.server.organization().device()
        #expect(try await device.log(["level": "info", "message": "x"], at: foreign.path).status == 404)
        #expect(try await organization.admin.get("\(foreign.path)/logs").status == 404)
        #expect(try await organization.admin.get("\(foreign.path)/health").status == 404)
    }
}
