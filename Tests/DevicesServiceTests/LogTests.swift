import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct LogTests {
    @Test func `people read what a device logged, the newest first`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let answer = try await device.log(
            ["level": "info", "message": "started", "context": ["reason": "power", "resets": 2]],
            ["level": "critical", "message": "no sensor", "timestamp": .string(time(-60))])
        #expect(answer.status == 201)
        #expect(answer.json == ["accepted": 2, "duplicates": 0, "rejected": []])
        let page = try await organization.admin.get("\(device.path)/logs").json
        #expect(messages(page) == ["started", "no sensor"])
        #expect(page["items"][0]["context"] == ["reason": "power", "resets": 2])
        #expect(page["items"][0]["timestamp"].string.flatMap(Timestamp.init(rfc3339:)) != nil)
        #expect(page["items"][1]["level"] == "critical")
        #expect(page["items"][1]["context"].isNull)
        #expect(page["next_cursor"].isNull)
        try await eventually { try await device.shown()["status"] == "online" }
    }

    @Test func `a batch that is sent again is there once`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let at = time(-5)
        let entries: [JSONValue] = [
            ["level": "info", "message": "a", "timestamp": .string(at)],
            ["level": "error", "message": "a", "timestamp": .string(at)],
            ["level": "info", "message": "a", "timestamp": .string(at), "context": ["x": 1, "y": 2]],
        ]
        let body: JSONValue = ["entries": .array(entries)]
        #expect(try await device.client.post("\(device.path)/logs", body).json["accepted"] == 3)
        let again = try await device.client.post("\(device.path)/logs", body)
        #expect(again.status == 201)
        #expect(again.json == ["accepted": 0, "duplicates": 3, "rejected": []])
        let more = try await device.log(entries[1], ["level": "info", "message": "b", "timestamp": .string(at)])
        #expect(more.json == ["accepted": 1, "duplicates": 1, "rejected": []])
        #expect(try await organization.admin.get("\(device.path)/logs").json["items"].array?.count == 4)
    }

    @Test func `a board without a clock repeats itself under one key, and its entries keep their order`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let entries = (0..<5).map { JSONValue.object(["level": "debug", "message": .string("step \($0)")]) }
        let body: JSONValue = ["entries": .array(entries + entries)]
        for _ in 0..<2 {
            let answer = try await device.client.post(
                "\(device.path)/logs", body, headers: ["idempotency-key": "boot-7 batch-1"])
            #expect(answer.status == 201)
            #expect(answer.json == ["accepted": 10, "duplicates": 0, "rejected": []])
        }
        let page = try await organization.admin.get("\(device.path)/logs?order=asc").json
        #expect(messages(page) == (0..<10).map { "step \($0 % 5)" })
        let other = try await device.client.post(
            "\(device.path)/logs", ["entries": .array(entries)], headers: ["idempotency-key": "boot-7 batch-1"])
        #expect(other.status == 422)
    }

    @Test func `entries of one time keep the order in which they came, page by page in either order`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let at = time(-10)
        var expected: [String] = []
        for batch in 0..<3 {
            let names = (0..<3).map { "\(batch).\($0)" }
            expected += names
            let entries = names.map {
                JSONValue.object(["level": "info", "message": .string($0), "timestamp": .string(at)])
            }
            #expect(
                try await device.client.post("\(device.path)/logs", ["entries": .array(entries)]).status == 201)
        }
        #expect(try await walk(device, "limit=2&order=asc") == expected)
        #expect(try await walk(device, "limit=2") == expected.reversed())
        #expect(try await walk(device, "limit=9") == expected.reversed())
    }

    @Test func `level is the least that matters, and text is found in any case`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        for level in LogLevel.allCases {
            #expect(
                try await device.log(["level": .string(level.rawValue), "message": .string("WiFi 50%_ \(level)")])
                    .status == 201)
        }
        let names = LogLevel.allCases.map(\.rawValue)
        for (index, level) in names.enumerated() {
            let found = try await walk(device, "level=\(level)&order=asc&limit=2")
            #expect(found == names[index...].map { "WiFi 50%_ \($0)" })
        }
        #expect(try await walk(device, "q=wifi").count == 5)
        #expect(try await walk(device, "q=50%25_&level=error").count == 2)
        #expect(try await walk(device, "q=_50").isEmpty)
        #expect(try await walk(device, "q=DEBUG").count == 1)
    }

    @Test func `a range has its start and not its end, and is a day long by default`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let now = Timestamp.now
        // The last one by a clock that is ahead.
        let times = [-90_000, -3600, -60, 300].map { now.adding(.seconds($0)).rfc3339 }
        for time in times {
            #expect(
                try await device.log(["level": "info", "message": .string(time), "timestamp": .string(time)]).status
                    == 201)
        }
        #expect(try await walk(device, "") == [times[3], times[2], times[1]])
        #expect(try await walk(device, "from=\(times[0])&order=asc") == times)
        #expect(try await walk(device, "from=\(times[1])&to=\(times[2])") == [times[1]])
    }

    private func time(_ seconds: Int) -> String { Timestamp.now.adding(.seconds(seconds)).rfc3339 }

    private func messages(_ page: JSONValue) -> [String] {
        page["items"].array?.compactMap(\.["message"].string) ?? []
    }

    private func walk(_ device: TestDevice, _ query: String) async throws -> [String] {
        var found: [String] = []
        var cursor: String?
        repeat {
            let path = "\(device.path)/logs?\(query)" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page = try await device.organization.admin.get(path)
            #expect(page.status == 200)
            found += messages(page.json)
            cursor = page.json["next_cursor"].string
        } while cursor != nil
        return found
    }
}
