import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ConfigTests {
    @Test func `a configuration is versioned, and one that the device has is not sent again`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = "\(device.path)/config"
        let first = try await device.client.get(path)
        #expect(first.json["config"] == [:])
        #expect(first.header("etag") == "\"1\"")
        let put = try await organization.admin.put(path, ["config": ["interval": 30, "label": "µ"]])
        #expect(put.status == 200)
        #expect(put.json["version"] == 2)
        let fetched = try await device.client.get(path, headers: ["if-none-match": "\"1\""])
        #expect(fetched.status == 200)
        #expect(fetched.json["config"] == ["interval": 30, "label": "µ"])
        #expect(try await device.client.get(path, headers: ["if-none-match": "\"2\""]).status == 304)
        let again = try await organization.admin.put(path, ["config": ["interval": 30, "label": "µ"]])
        #expect(again.json["version"] == 2)
        #expect(try await device.client.post("\(device.path)/heartbeat").json["config_version"] == 2)
    }

    @Test func `a stale If-Match is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let path = try await organization.device().path + "/config"
        let body: JSONValue = ["config": ["a": 1]]
        #expect(try await organization.admin.put(path, body, headers: ["if-match": "\"2\""]).status == 412)
        #expect(try await organization.admin.put(path, body, headers: ["if-match": "\"1\""]).status == 200)
    }

    @Test func `the version that the device applied is kept, one it was never given is not`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = "\(device.path)/config"
        _ = try await organization.admin.put(path, ["config": ["a": 1]])
        #expect(try await device.client.post("\(device.path)/heartbeat", ["config_version": 2]).status == 200)
        #expect(try await organization.admin.get(path).json["applied_version"] == 2)
        #expect(try await device.client.post("\(device.path)/heartbeat", ["config_version": 9]).status == 200)
        #expect(try await organization.admin.get(path).json["applied_version"] == 2)
    }

    @Test(arguments: [[:], ["config": 1], ["config": []], ["config": ["a": "\u{0}"]]] as [JSONValue])
    func `what is no configuration is refused`(body: JSONValue) async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await organization.admin.put("\(device.path)/config", body).status == 422)
    }
}
