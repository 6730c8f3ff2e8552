import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

@Suite struct ThingsBoardRPCTests {
    @Test func `a command goes out as a numbered call, and has succeeded once it is answered`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let ids = [
            try await device.queue("blink", ["parameters": ["times": 3]]), try await device.queue("reboot"),
        ]
        let path = device.thingsBoard("rpc?timeout=1")
        #expect(
            try await device.anonymous.get(path).json == ["id": 1, "method": "blink", "params": ["times": 3]])
        #expect(try await device.anonymous.get(path).json == ["id": 2, "method": "reboot", "params": [:]])
        #expect(try await device.anonymous.get(path).status == 408)
        for (number, result) in [(1, ["ok": true]), (2, "done")] as [(Int, JSONValue)] {
            for _ in 0..<2 {
                let answer = try await device.anonymous.post(device.thingsBoard("rpc/\(number)"), result)
                #expect(answer.status == 200)
                #expect(answer.body.isEmpty)
            }
            let command = try await organization.admin.get("/api/v1/commands/\(ids[number - 1])").json
            #expect(command["status"] == "succeeded")
            #expect(command["result"] == result)
        }
        try await organization.server.service.events(
            about: ids[0], are: ["command.queued", "command.sent", "command.succeeded"])
    }

    @Test func `a call that goes out again keeps its number`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        let id = try #require(UUID(uuidString: try await device.queue()))
        let path = device.thingsBoard("rpc?timeout=20000")
        #expect(try await device.anonymous.get(path).json["id"] == 1)
        try await device.organization.server.service.query(
            "UPDATE devices.commands SET leased_until = now() WHERE id = \(id)")
        #expect(try await device.anonymous.get(path).json["id"] == 1)
    }

    @Test func `polls at once get calls of different numbers`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        for _ in 0..<6 { _ = try await device.queue() }
        let numbers = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await device.anonymous.get(device.thingsBoard("rpc?timeout=20000")).json["id"].int
                }
            }
            return try await group.reduce(into: []) { $0.append($1 ?? 0) }
        }
        #expect(numbers.sorted() == [1, 2, 3, 4, 5, 6])
    }

    @Test func `a waiting poll is answered as soon as a command is queued`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        async let answer = device.anonymous.get(device.thingsBoard("rpc?timeout=20000"))
        try await eventually {
            server.waiters.devices(waitingFor: .commands).contains { $0.uuidString.lowercased() == device.id }
        }
        _ = try await device.queue("blink")
        #expect(try await answer.json["method"] == "blink")
    }

    @Test func `an answer to no call of the device, or to one that has ended, is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        let id = try await device.queue()
        #expect(try await device.anonymous.get(device.thingsBoard("rpc?timeout=1")).json["id"] == 1)
        for path in [other.thingsBoard("rpc/1"), device.thingsBoard("rpc/2"), device.thingsBoard("rpc/x")] {
            #expect(try await device.anonymous.post(path, [:]).status == 404, "\(path)")
        }
        let json: HTTPHeaders = ["content-type": "application/json"]
        let malformed = try await device.anonymous.send(
            .POST, device.thingsBoard("rpc/1"), headers: json, body: Array("{".utf8))
        #expect(malformed.status == 400)
        #expect(try await organization.admin.delete("/api/v1/commands/\(id)").status == 200)
        #expect(try await device.anonymous.post(device.thingsBoard("rpc/1"), [:]).status == 409)
    }
}
