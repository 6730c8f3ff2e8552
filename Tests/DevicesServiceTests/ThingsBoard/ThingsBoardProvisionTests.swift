import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ThingsBoardProvisionTests {
    private func provision(_ fleet: TestFleet, _ fields: [String: JSONValue] = [:]) async throws -> TestHTTPResponse {
        var body: [String: JSONValue] = [
            "deviceName": "SN-1", "provisionDeviceKey": .string(fleet.id), "provisionDeviceSecret": .string(fleet.key),
        ]
        body.merge(fields) { $1 }
        return try await fleet.organization.server.service.client.post("/api/v1/provision", .object(body))
    }

    @Test func `a board gets a device and its key, which works at once, and again another key`() async throws {
        let fleet = try await DevicesServer.shared().organization().fleet(["max_uses": 1])
        var keys: [String] = []
        for _ in 0..<2 {
            let answer = try await provision(fleet)
            #expect(answer.status == 200)
            #expect(answer.json["status"] == "SUCCESS")
            #expect(answer.json["credentialsType"] == "ACCESS_TOKEN")
            #expect(answer.header("cache-control") == "no-store")
            keys.append(try #require(answer.json["credentialsValue"].string))
        }
        #expect(keys[0] != keys[1])
        for key in keys {
            let answer = try await fleet.organization.server.service.client.get("/api/v1/\(key)/attributes")
            #expect(answer.status == 200)
        }
        let devices = try await fleet.organization.admin.get("/api/v1/devices").json["items"]
        #expect(devices.array?.map { $0["serial_number"] } == ["SN-1"])
        #expect(try await fleet.shown()["uses"] == 1)
    }

    @Test func `a key that is not valid, or not of that id, is not found`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (fleet, other) = (try await organization.fleet(), try await organization.fleet(["max_uses": 1]))
        for fields in [
            ["provisionDeviceKey": "x"], ["provisionDeviceKey": .string(other.id)], ["provisionDeviceSecret": "x"],
            ["provisionDeviceSecret": .string(other.key)],
        ] as [[String: JSONValue]] {
            let answer = try await provision(fleet, fields)
            #expect(answer.status == 200)
            #expect(answer.json["status"] == "NOT_FOUND")
            #expect(answer.json["credentialsValue"].isNull)
        }
        #expect(try await provision(other).json["status"] == "SUCCESS")
        #expect(try await provision(other, ["deviceName": "SN-2"]).json["status"] == "NOT_FOUND")
    }

    @Test func `a plan that allows no more devices is a failure`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet()
        try await organization.server.service.query(
            """
            INSERT INTO devices.limits (organization_id, plan, devices, version)
            VALUES (\(organization.id), 'free', 0, 1)
            """)
        let answer = try await provision(fleet)
        #expect(answer.status == 200)
        #expect(answer.json["status"] == "FAILURE")
        #expect(answer.json["errorMsg"].string?.contains("free") == true)
    }

    @Test(arguments: [["deviceName": ""], ["deviceName": nil], ["deviceName": 1]] as [[String: JSONValue]])
    func `what is no name is refused`(fields: [String: JSONValue]) async throws {
        let fleet = try await DevicesServer.shared().organization().fleet()
        #expect(try await provision(fleet, fields).status == 422)
    }
}
