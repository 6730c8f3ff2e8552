import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

/// Earlier versions of configurations, what devices say of theirs, and what types of devices may have.
@Suite struct ConfigHistoryTests {
    @Test func `every version can be looked at, and gone back to as a new one`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = "\(device.path)/config"
        for interval in [10, 20] {
            _ = try await organization.admin.put(path, ["config": ["interval": .number(Double(interval))]])
        }
        let page = try await organization.admin.get("\(path)/versions?limit=2").json
        #expect(page["items"].array?.map { $0["version"].int } == [3, 2])
        let rest = try await organization.admin.get(
            "\(path)/versions?limit=2&cursor=\(page["next_cursor"].string ?? "")"
        ).json
        #expect(rest["items"].array?.map { $0["version"].int } == [1])
        #expect(rest["items"][0]["config"] == [:])
        #expect(page["items"][0]["created_by"].string?.hasPrefix("user:") == true)

        let back = try await organization.admin.post("\(path)/rollback", ["version": 2], headers: ["if-match": "\"3\""])
        #expect(back.status == 200)
        #expect(back.json["version"] == 4)
        #expect(back.json["config"] == ["interval": 10])
        #expect(try await device.client.get(path).json["config"] == ["interval": 10])
        #expect(try await organization.admin.get("\(path)/versions/3").json["config"] == ["interval": 20])
        let stale = try await organization.admin.post(
            "\(path)/rollback", ["version": 1], headers: ["if-match": "\"3\""])
        #expect(stale.status == 412)
        #expect(try await organization.admin.post("\(path)/rollback", ["version": 9]).status == 422)
        #expect(try await organization.admin.post("\(path)/rollback", ["version": "1"]).status == 422)
        for nothing in ["9", "x", "-1"] {
            #expect(try await organization.admin.get("\(path)/versions/\(nothing)").status == 404)
        }
    }

    @Test func `the last hundred versions are kept`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let path = try await organization.device().path + "/config"
        for number in 2...102 {
            _ = try await organization.admin.put(path, ["config": ["n": .number(Double(number))]])
        }
        let versions = try await organization.admin.get("\(path)/versions?limit=100&order=asc").json["items"].array
        #expect(versions?.count == 100)
        #expect(versions?.first?["version"] == 3)
        #expect(try await organization.admin.get("\(path)/versions/2").status == 404)
    }

    @Test func `what the device says it works with stands beside what it is to work with`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = "\(device.path)/config"
        _ = try await organization.admin.put(path, ["config": ["interval": 30, "wifi": ["channel": 6]]])
        #expect(try await organization.admin.get(path).json["reported"].isNull)
        let said = try await device.client.put(
            "\(path)/reported", ["config": ["interval": 30, "wifi": ["channel": 1], "led": true], "version": 2])
        #expect(said.status == 200)
        let shown = try await organization.admin.get(path).json
        #expect(shown["applied_version"] == 2)
        #expect(shown["reported"] == ["interval": 30, "wifi": ["channel": 1], "led": true])
        #expect(
            shown["difference"] == [
                ["path": "led", "reported": true], ["path": "wifi.channel", "desired": 6, "reported": 1],
            ])
        // It is not told to the device itself, whose cached version stays good.
        let own = try await device.client.get(path, headers: ["if-none-match": "\"2\""])
        #expect(own.status == 304)
        #expect(try await device.client.get(path).json["reported"].isNull)
        #expect(try await device.client.put("\(path)/reported", ["config": [:], "version": 99]).status == 200)
        #expect(try await organization.admin.get(path).json["applied_version"] == 2)
        for body in [["config": 1], [:], ["config": [:], "version": 0]] as [JSONValue] {
            #expect(try await device.client.put("\(path)/reported", body).status == 422)
        }
        #expect(try await organization.admin.put("\(path)/reported", ["config": [:]]).status == 403)
        let other = try await organization.device()
        #expect(try await other.client.put("\(path)/reported", ["config": [:]]).status == 404)
    }

    @Test func `a configuration is checked against what its type of device may have`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let type = try #require(try await organization.admin.get(device.path).json["device_type"].string)
        let description = "/api/v1/devices/config-descriptions/\(type)"
        let admin = organization.admin
        _ = try await admin.put("\(device.path)/config", ["config": ["interval": "soon"]])
        let body: JSONValue = [
            "description": [
                "additionalProperties": false,
                "properties": ["interval": ["type": "integer", "minimum": 1]],
            ]
        ]
        let made = try await admin.put(description, body)
        #expect(made.status == 200)
        #expect(made.header("etag") == "\"1\"")
        let refused = try await admin.put("\(device.path)/config", ["config": ["interval": 0, "led": true]])
        #expect(refused.status == 422)
        #expect(
            refused.json["errors"].array?.map { $0["field"].string } == ["config.interval", "config.led"])
        #expect(try await admin.post("\(device.path)/config/rollback", ["version": 2]).status == 422)
        #expect(try await admin.put("\(device.path)/config", ["config": ["interval": 5]]).status == 200)

        #expect(try await admin.put(description, body, headers: ["if-match": "\"2\""]).status == 412)
        #expect(try await admin.get(description).json["description"] == body["description"])
        let listed = try await admin.get("/api/v1/devices/config-descriptions").json["items"].array
        #expect(listed?.map { $0["device_type"].string } == [type])
        #expect(try await admin.delete(description).status == 204)
        #expect(try await admin.delete(description).status == 404)
        #expect(try await admin.get(description).status == 404)
        #expect(try await admin.put("\(device.path)/config", ["config": ["anything": 1]]).status == 200)
    }

    @Test func `the same description again changes nothing, and of first ones at once each is answered`()
        async throws
    {
        let organization = try await DevicesServer.shared().organization()
        let path = "/api/v1/devices/config-descriptions/esp32"
        func describe(_ least: Int, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
            try await organization.admin.put(
                path, ["description": ["minItems": .number(Double(least))]], headers: headers)
        }
        let answers = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for number in 0..<8 { group.addTask { try await describe(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status) == Array(repeating: 200, count: 8))
        #expect(answers.compactMap(\.json["version"].int).sorted() == Array(1...8))
        #expect(try await describe(9).json["version"] == 9)
        #expect(try await describe(9).json["version"] == 9)
        #expect(try await describe(9, headers: ["if-match": "\"1\""]).status == 412)
        let audit = try await organization.server.service.query(
            """
            SELECT count(*) FROM core.events
            WHERE entity_id = \(organization.id) AND event_type = 'organization.config_described'
            """)
        #expect(try audit.first?.decode(Int.self, at: 0) == 9)
        let other = "/api/v1/devices/config-descriptions/rp2040"
        let unseen = try await organization.admin.put(other, ["description": [:]], headers: ["if-match": "\"1\""])
        #expect(unseen.status == 412)
    }

    @Test func `a description that would not be checked is refused, and another organization's is not there`()
        async throws
    {
        let server = try await DevicesServer.shared()
        let (first, second) = (try await server.organization(), try await server.organization())
        let path = "/api/v1/devices/config-descriptions/"
        let refused = try await first.admin.put(path + "esp32", ["description": ["pattern": "x"]])
        #expect(refused.json["errors"][0]["field"] == "description.pattern")
        #expect(try await first.admin.put(path + "not%20a%20type", ["description": [:]]).status == 422)
        #expect(try await first.admin.put(path + "esp32", [:]).status == 422)
        #expect(try await first.admin.put(path + "esp32", ["description": [:]]).status == 200)
        #expect(try await second.admin.get(path + "esp32").status == 404)
        #expect(try await second.admin.get("/api/v1/devices/config-descriptions").json["items"] == [])
    }
}
