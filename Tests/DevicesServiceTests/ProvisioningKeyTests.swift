import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct ProvisioningKeyTests {
    @Test func `a key is shown once and stored as its hash`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet([
            "name": " Line 1 ", "max_uses": 5, "expires_at": "2090-01-01T00:00:00Z",
            "allowed_cidrs": ["10.0.0.0/8", "2001:DB8::/32"],
            "defaults": ["device_type": "esp32", "tags": ["lab"], "config": ["interval": 30]],
        ])
        #expect(fleet.key.hasPrefix("lms_prv_"))
        #expect(fleet.answer.header("cache-control") == "no-store")
        let shown = try await fleet.shown()
        #expect(shown["provisioning_key"].isNull)
        #expect(shown["name"] == "Line 1")
        #expect(shown["max_uses"] == 5)
        #expect(shown["uses"] == 0)
        #expect(shown["allowed_cidrs"] == ["10.0.0.0/8", "2001:db8::/32"])
        #expect(shown["defaults"] == ["device_type": "esp32", "tags": ["lab"], "config": ["interval": 30]])
        #expect(shown["last_used_at"].isNull)
        let id = try #require(UUID(uuidString: fleet.id))
        let server = organization.server.service
        let stored = try await server.query("SELECT key_hash FROM devices.provisioning_keys WHERE id = \(id)")
        #expect(try stored.first?.decode([UInt8].self, at: 0) == SecretHash(of: fleet.key).bytes)
        let audit = try await server.query("SELECT event_type, data::text FROM core.events WHERE entity_id = \(id)")
        let (type, data) = try #require(try audit.first?.decode(String.self, String.self))
        #expect(type == "provisioning_key.created")
        #expect(!data.contains("lms_prv_"))
    }

    @Test func `a first configuration is checked against what its type of device may have`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let description: JSONValue = [
            "description": ["additionalProperties": false, "properties": ["interval": ["type": "integer"]]]
        ]
        for type in ["generic", "rp2040"] {
            let path = "/api/v1/devices/config-descriptions/\(type)"
            #expect(try await organization.admin.put(path, description).status == 200)
            let defaults: JSONValue = ["device_type": .string(type), "config": ["interval": "soon", "led": true]]
            let refused = try await organization.admin.post(TestFleet.path, ["name": "x", "defaults": defaults])
            #expect(refused.status == 422)
            #expect(
                refused.json["errors"].array?.map { $0["field"].string } == [
                    "defaults.config.interval", "defaults.config.led",
                ])
        }
        // Boards that do not say otherwise are of the usual type.
        let unnamed: JSONValue = ["name": "x", "defaults": ["config": ["led": true]]]
        #expect(try await organization.admin.post(TestFleet.path, unnamed).status == 422)
        _ = try await organization.fleet(["defaults": ["config": ["interval": 30]]])
        _ = try await organization.fleet(["defaults": ["device_type": "esp8266", "config": ["led": true]]])
    }

    @Test func `keys are listed by pages, and a deleted one admits nobody`() async throws {
        let organization = try await DevicesServer.shared().organization()
        var fleets: [TestFleet] = []
        for number in 1...3 { fleets.append(try await organization.fleet(["name": .string("Line \(number)")])) }
        let first = try await organization.admin.get("\(TestFleet.path)?limit=2")
        #expect(first.json["items"].array?.map { $0["name"] } == ["Line 3", "Line 2"])
        let cursor = try #require(first.json["next_cursor"].string)
        let last = try await organization.admin.get("\(TestFleet.path)?limit=2&cursor=\(cursor)")
        #expect(last.json["items"].array?.map { $0["name"] } == ["Line 1"])
        #expect(last.json["next_cursor"].isNull)
        let device = try await fleets[0].device("SN-1")
        #expect(try await organization.admin.delete("\(TestFleet.path)/\(fleets[0].id)").status == 204)
        #expect(try await organization.admin.delete("\(TestFleet.path)/\(fleets[0].id)").status == 404)
        #expect(try await fleets[0].provision("SN-1").status == 401)
        #expect(try await device.client.get(device.path).status == 200)
        let id = try #require(UUID(uuidString: fleets[0].id))
        let audit = try await organization.server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(id) ORDER BY id")
        #expect(
            try audit.map { try $0.decode(String.self, at: 0) } == [
                "provisioning_key.created", "provisioning_key.deleted",
            ])
    }

    @Test func `another organization's key does not exist`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, other) = (try await server.organization(), try await server.organization())
        let fleet = try await organization.fleet()
        #expect(try await other.admin.get(TestFleet.path).json["items"] == [])
        #expect(try await other.admin.delete("\(TestFleet.path)/\(fleet.id)").status == 404)
        #expect(try await other.admin.delete("\(TestFleet.path)/x").status == 404)
        #expect(try await fleet.provision("SN-1").status == 201)
    }

    @Test func `the same Idempotency-Key gives the same key`() async throws {
        let organization = try await DevicesServer.shared().organization()
        func make(_ name: String) async throws -> TestHTTPResponse {
            try await organization.admin.post(
                TestFleet.path, ["name": .string(name)], headers: ["idempotency-key": "k1"])
        }
        let first = try await make("Line 1")
        #expect(try await make("Line 1").json == first.json)
        #expect(try await make("Line 2").status == 422)
        #expect(try await organization.admin.get(TestFleet.path).json["items"].array?.count == 1)
    }

    private static let longText = JSONValue.string(String(repeating: "x", count: 201))
    private static let tooMany = JSONValue.array(Array(repeating: "10.0.0.0/8", count: 51))

    @Test(
        arguments: [
            ([:], "name"), (["name": "  "], "name"), (["name": longText], "name"), (["name": 7], "name"),
            (["name": "x", "max_uses": 0], "max_uses"), (["name": "x", "max_uses": 1_000_000_001], "max_uses"),
            (["name": "x", "max_uses": "many"], "max_uses"),
            (["name": "x", "expires_at": "2020-01-01T00:00:00Z"], "expires_at"),
            (["name": "x", "expires_at": "tomorrow"], "expires_at"),
            (["name": "x", "allowed_cidrs": []], "allowed_cidrs"),
            (["name": "x", "allowed_cidrs": tooMany], "allowed_cidrs"),
            (["name": "x", "allowed_cidrs": ["10.0.0.0/8", "10.0.0.1/24"]], "allowed_cidrs[1]"),
            (["name": "x", "allowed_cidrs": ["10.0.0.0/33"]], "allowed_cidrs[0]"),
            (["name": "x", "allowed_cidrs": ["2001:db8::/129"]], "allowed_cidrs[0]"),
            (["name": "x", "allowed_cidrs": ["everywhere"]], "allowed_cidrs[0]"),
            (["name": "x", "defaults": ["device_type": "an esp"]], "defaults.device_type"),
            (["name": "x", "defaults": ["reading_interval": 0]], "defaults.reading_interval"),
            (["name": "x", "defaults": ["tags": [""]]], "defaults.tags[0]"),
            (["name": "x", "defaults": ["config": ["a": "\u{0}"]]], "defaults.config"),
            (["name": "x", "defaults": ["config": 1]], "defaults.config"),
            (["name": "x", "defaults": ["project_id": "x"]], "defaults.project_id"),
            (["name": "x", "defaults": ["project_id": .string(UUID().uuidString)]], "defaults.project_id"),
        ] as [(JSONValue, String)])
    func `what is wrong with a key is said by field`(body: JSONValue, field: String) async throws {
        let organization = try await DevicesServer.shared().organization()
        let response = try await organization.admin.post(TestFleet.path, body)
        #expect(response.status == 422)
        #expect(response.json["errors"].array?.compactMap(\.["field"].string) == [field])
    }

    @Test func `what is just within the bounds is taken`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet([
            "name": .string(String(repeating: "x", count: 200)), "max_uses": 1_000_000_000,
            "allowed_cidrs": .array(Array(repeating: "10.0.0.0/32", count: 50)),
        ])
        #expect(try await fleet.shown()["allowed_cidrs"].array?.count == 50)
    }

    @Test func `the project of a key is one of its organization`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, other) = (try await server.organization(), try await server.organization())
        let project = try await organization.project()
        let defaults: JSONValue = ["project_id": .string(project.text)]
        let refused = try await other.admin.post(TestFleet.path, ["name": "x", "defaults": defaults])
        #expect(refused.status == 422)
        let fleet = try await organization.fleet(["defaults": defaults])
        let device = try await fleet.device("SN-1")
        #expect(try await device.shown()["project_id"].string == project.text)

        try await server.service.publish(
            try Event(
                source: .auth, type: "project.deleted", subject: project.text, subjectVersion: 2,
                organizationID: organization.id,
                data: ["id": project.text, "organization_id": organization.id.text]))
        try await eventually { try await fleet.shown()["defaults"] == [:] }
        #expect(try await fleet.device("SN-2").shown()["project_id"].isNull)
    }

    @Test func `an organization has a hundred keys at most`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        try await server.service.query(
            """
            INSERT INTO devices.provisioning_keys (id, organization_id, key_hash, name)
            SELECT gen_random_uuid(), \(organization.id), sha256((\(organization.id.text) || number)::bytea), 'Line'
            FROM generate_series(1, 99) AS number
            """)
        _ = try await organization.fleet()
        #expect(try await organization.admin.post(TestFleet.path, ["name": "x"]).status == 409)
        _ = try await server.organization().fleet()
    }
}
