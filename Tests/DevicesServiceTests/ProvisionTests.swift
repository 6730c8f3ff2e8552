import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct ProvisionTests {
    @Test func `a board gets a device with a key, and what its fleet key has for it`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let fleet = try await organization.fleet([
            "defaults": [
                "device_type": "esp32", "model": "M1", "location": "Room 12", "tags": ["lab"],
                "sensors": ["temperature"], "reading_interval": 30, "properties": ["rack": 4],
                "config": ["label": "µ"],
            ]
        ])
        let device = try await fleet.device(
            " SN-1 ", ["model": "M2", "mac_address": "A4-CF-12-0B-7E-01", "firmware_version": "1.0"])
        #expect(device.key.hasPrefix("lms_dev_"))
        #expect(device.answer.json["config"] == ["label": "µ"])
        #expect(device.answer.json["config_version"] == 1)
        #expect(device.answer.header("cache-control") == "no-store")
        let shown = try await device.shown()
        #expect(shown["name"] == "esp32 SN-1")
        #expect(shown["serial_number"] == "SN-1")
        #expect(shown["model"] == "M2")
        #expect(shown["mac_address"] == "a4:cf:12:0b:7e:01")
        #expect(shown["firmware_version"] == "1.0")
        #expect(shown["tags"] == ["lab"])
        #expect(shown["sensors"] == ["temperature"])
        #expect(shown["reading_interval"] == 30)
        #expect(shown["properties"] == ["rack": 4])
        #expect(shown["location"] == "Room 12")
        #expect(shown["status"] == "provisioned")
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        #expect(try await device.client.get("\(device.path)/config").json["config"] == ["label": "µ"])

        let events = try await server.service.events(about: device.id, are: ["device.registered", "device.online"])
        #expect(events.first?.actor == "provisioning_key:\(fleet.id)")
        let id = try #require(UUID(uuidString: device.id))
        let audit = try await server.service.query(
            """
            SELECT event_type, actor ->> 'type', actor ->> 'id' FROM core.events
            WHERE entity_id = \(id) AND event_type <> 'device.online' ORDER BY id
            """)
        #expect(
            try audit.map { try $0.decode(String.self, String.self, String.self) }.map { "\($0) \($1) \($2)" } == [
                "device.registered provisioning_key \(fleet.id)", "device.provisioned provisioning_key \(fleet.id)",
            ])
        let used = try await fleet.shown()
        #expect(used["uses"] == 1)
        #expect(used["last_used_at"].string != nil)
    }

    @Test func `the same board again gets its device back with a new key, and people's changes stay`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet(["max_uses": 1, "defaults": ["config": ["a": 1]]])
        let device = try await fleet.device("SN-1", ["device_type": "esp32", "firmware_version": "1.0"])
        _ = try await organization.admin.patch(device.path, ["name": "Freezer", "tags": ["cold"]])
        _ = try await organization.admin.put("\(device.path)/config", ["config": ["a": 2]])
        let again = try await fleet.provision("SN-1", ["device_type": "other", "firmware_version": "2.0"])
        #expect(again.status == 200)
        #expect(again.json["device_id"].string == device.id)
        #expect(again.json["config"] == ["a": 2])
        #expect(again.json["config_version"] == 2)
        let key = try #require(again.json["api_key"].string)
        #expect(key != device.key)
        for key in [key, device.key] {
            let client = organization.server.service.client.authorized(key)
            #expect(try await client.post("\(device.path)/heartbeat").status == 200)
        }
        let shown = try await device.shown()
        #expect(shown["name"] == "Freezer")
        #expect(shown["device_type"] == "esp32")
        #expect(shown["tags"] == ["cold"])
        #expect(shown["firmware_version"] == "2.0")
        #expect(try await fleet.shown()["uses"] == 1)
        let hash = SecretHash(of: device.key)
        let row = try #require(
            try await organization.server.service.query(
                "SELECT expires_at FROM devices.device_keys WHERE key_hash = \(hash.bytes)"
            ).first)
        let end = try #require(try row.decode(Timestamp?.self, at: 0))
        #expect(abs(end.since(.now).components.seconds - 86_400) < 60)
    }

    @Test func `a board that a person registered gets its device`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device(["serial_number": "SN-1"])
        let fleet = try await organization.fleet()
        let answer = try await fleet.provision("SN-1")
        #expect(answer.status == 200)
        #expect(answer.json["device_id"].string == device.id)
        #expect(try await fleet.shown()["uses"] == 0)
    }

    @Test func `a serial number of another organization is another board`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().fleet().device("SN-1")
        let other = try await server.organization().fleet().device("SN-1")
        #expect(other.id != device.id)
    }

    @Test func `a board that asks many times at once makes one device, and each key it got works`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleets = [try await organization.fleet(), try await organization.fleet()]
        let answers = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for number in 0..<12 { group.addTask { try await fleets[number % 2].provision("SN-1") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status).sorted() == Array(repeating: 200, count: 11) + [201])
        #expect(Set(answers.map { $0.json["device_id"].string }).count == 1)
        #expect(try await organization.admin.get("/api/v1/devices").json["items"].array?.count == 1)
        let uses = [try await fleets[0].shown()["uses"].int, try await fleets[1].shown()["uses"].int]
        #expect(uses.compactMap(\.self).reduce(0, +) == 1)
        for answer in answers {
            let (id, key) = (answer.json["device_id"].string ?? "", answer.json["api_key"].string ?? "")
            let client = organization.server.service.client.authorized(key)
            #expect(try await client.post("/api/v1/devices/\(id)/heartbeat").status == 200)
        }
    }

    @Test func `the same Idempotency-Key gives the same answer while the fleet key holds`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet()
        let first = try await fleet.provision("SN-1", headers: ["idempotency-key": "k1"])
        let again = try await fleet.provision("SN-1", headers: ["idempotency-key": "k1"])
        #expect(first.status == 201)
        #expect(again.status == 201)
        #expect(again.json == first.json)
        #expect(try await fleet.provision("SN-2", headers: ["idempotency-key": "k1"]).status == 201)
        _ = try await organization.admin.delete("\(TestFleet.path)/\(fleet.id)")
        #expect(try await fleet.provision("SN-1", headers: ["idempotency-key": "k1"]).status == 401)
    }

    // MARK: Refusals

    @Test func `a key that does not hold is refused in the same words, whatever is wrong`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let usedUp = try await organization.fleet(["max_uses": 1])
        _ = try await usedUp.device("SN-1")
        let expired = try await organization.fleet(["expires_at": "2090-01-01T00:00:00Z"])
        let id = try #require(UUID(uuidString: expired.id))
        try await server.service.query(
            "UPDATE devices.provisioning_keys SET expires_at = now() WHERE id = \(id)")
        let elsewhere = try await organization.fleet(["allowed_cidrs": ["10.0.0.0/8"]])
        var refusals = [
            try await usedUp.provision("SN-2"), try await expired.provision("SN-1"),
            try await elsewhere.provision("SN-1", from: "11.0.0.1"),
        ]
        for key in [SecretToken(.provisioningKey).secret, SecretToken(.deviceKey).secret, "lms_prv_x", ""] {
            refusals.append(try await usedUp.provision("SN-1", ["provisioning_key": .string(key)]))
        }
        for refusal in refusals {
            #expect(refusal.status == 401)
            #expect(refusal.json["detail"] == refusals[0].json["detail"])
            #expect(refusal.header("www-authenticate") == "Bearer")
        }
        #expect(try await organization.admin.get("/api/v1/devices").json["items"].array?.count == 1)
    }

    @Test func `a key is used from its ranges alone`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet(["allowed_cidrs": ["10.1.0.0/16", "2001:db8::/32"]])
        for (address, status) in [
            ("10.1.255.255", 200), ("10.2.0.0", 401), ("::ffff:10.1.0.7", 200), ("2001:db8::1", 200),
            ("2001:db9::1", 401), ("unknown", 401),
        ] {
            _ = try await fleet.provision("SN-1", from: "10.1.0.1")
            #expect(try await fleet.provision("SN-1", from: address).status == status, "\(address)")
        }
        // The test itself comes from 127.0.0.1.
        #expect(try await fleet.provision("SN-1").status == 401)
        #expect(try await organization.fleet(["allowed_cidrs": ["127.0.0.1"]]).provision("SN-1").status == 200)
    }

    @Test func `no more devices come of a key than it may make, whoever is first`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet(["max_uses": 3])
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<10 { group.addTask { try await fleet.provision("SN-\(number)").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [201, 201, 201] + Array(repeating: 401, count: 7))
        #expect(try await fleet.shown()["uses"] == 3)
    }

    @Test func `the plan's limit holds for new devices, not for those that return`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let fleet = try await organization.fleet()
        _ = try await fleet.device("SN-1")
        try await server.service.query(
            """
            INSERT INTO devices.limits (organization_id, plan, devices, version)
            VALUES (\(organization.id), 'free', 1, 1)
            """)
        let refused = try await fleet.provision("SN-2")
        #expect(refused.status == 402)
        #expect(refused.json["type"] == "urn:lms:problem:limit:devices")
        #expect(try await fleet.provision("SN-1").status == 200)
        #expect(try await fleet.shown()["uses"] == 1)
    }

    private static func text(_ count: Int) -> JSONValue { .string(String(repeating: "x", count: count)) }

    @Test(
        arguments: [
            (["serial_number": ""], "serial_number"), (["serial_number": " "], "serial_number"),
            (["serial_number": text(101)], "serial_number"), (["serial_number": "a\u{0}"], "serial_number"),
            (["serial_number": 7], "serial_number"), (["serial_number": nil], "serial_number"),
            (["provisioning_key": nil], "provisioning_key"), (["device_type": "an esp"], "device_type"),
            (["device_type": text(65)], "device_type"), (["model": ""], "model"), (["model": text(101)], "model"),
            (["mac_address": "nonsense"], "mac_address"), (["mac_address": "a4:cf:12:0b:7e"], "mac_address"),
            (["mac_address": "a4:cf:12:0b:7e:01:02"], "mac_address"), (["mac_address": ""], "mac_address"),
            (["firmware_version": text(101)], "firmware_version"),
        ] as [([String: JSONValue], String)])
    func `what is wrong with a board is said by field`(fields: [String: JSONValue], field: String) async throws {
        let fleet = try await DevicesServer.shared().organization().fleet()
        let response = try await fleet.provision("SN-1", fields)
        #expect(response.status == 422)
        #expect(response.json["errors"].array?.compactMap(\.["field"].string) == [field])
    }

    @Test func `what is just within the bounds is taken`() async throws {
        let fleet = try await DevicesServer.shared().organization().fleet()
        let device = try await fleet.device(
            String(repeating: "x", count: 100),
            ["device_type": Self.text(64), "model": Self.text(100), "firmware_version": Self.text(100)])
        #expect(try await device.shown()["serial_number"] == Self.text(100))
    }

    @Test func `what is not JSON is refused`() async throws {
        let client = try await DevicesServer.shared().service.client
        let response = try await client.send(
            .POST, "/api/v1/devices/provision", headers: ["content-type": "application/json"], body: Array("{".utf8))
        #expect(response.status == 400)
    }
}
