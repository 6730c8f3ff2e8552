import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// Commands for many devices at once.
@Suite struct BulkCommandTests {
    @Test func `an order for many becomes a command for each, and its totals follow the devices`() async throws {
        let organization = try await DevicesServer.shared().organization()
        var devices: [TestDevice] = []
        for _ in 0..<3 { devices.append(try await organization.device(["tags": ["lab"]])) }
        let other = try await organization.device()
        let bulk = try await organization.bulk(["selector": ["tags": ["lab"]], "priority": "high"])
        #expect(bulk.answer.header("location") == bulk.path)
        #expect(bulk.answer.json["totals"]["devices"] == 3)
        #expect(bulk.answer.json["done"] == false)
        let queued = try await bulk.progress { $0["status"] == "queued" }
        #expect(queued["totals"]["queued"] == 3)
        #expect(queued["selector"] == ["tags": ["lab"]])
        #expect(try await other.poll() == [])

        let listed = try await organization.admin.get("/api/v1/commands?bulk_id=\(bulk.id)").json["items"].array ?? []
        #expect(Set(listed.compactMap(\.["device_id"].string)) == Set(devices.map(\.id)))
        #expect(listed.allSatisfy { $0["bulk_id"].string == bulk.id && $0["priority"] == "high" })
        var commands: [String] = []
        for device in devices { commands += try await device.poll() }
        #expect(Set(commands) == Set(listed.compactMap(\.["id"].string)))
        #expect(try await bulk.shown()["totals"]["delivered"] == 3)
        #expect(try await devices[0].report(commands[0], "succeeded").status == 200)
        #expect(try await devices[1].report(commands[1], "failed").status == 200)
        #expect(try await bulk.shown()["done"] == false)
        #expect(try await devices[2].report(commands[2], "succeeded").status == 200)
        let done = try await bulk.shown()
        #expect(done["done"] == true)
        #expect(done["totals"]["succeeded"] == 2)
        #expect(done["totals"]["failed"] == 1)
        try await organization.server.service.events(
            about: commands[0], are: ["command.queued", "command.sent", "command.succeeded"])
        #expect(try await organization.admin.delete(bulk.path).status == 409)
    }

    @Test func `every filter of the list of devices is one of a selector`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let project = JSONValue.string(try await organization.project().text)
        let first = try await organization.device(["name": "Fridge", "project_id": project])
        let second = try await organization.device(["device_type": "rp2040", "serial_number": "SN_77"])
        _ = try await organization.admin.patch(second.path, ["status": "disabled"])
        for (selector, count) in [
            (["all": true], 2), (["device_ids": [.string(first.id), .string(UUID().uuidString)]], 1),
            (["device_types": ["rp2040", "esp32"]], 2), (["device_types": ["rp2040"], "q": "sn_7"], 1),
            (["project_ids": [project]], 1), (["statuses": ["disabled"]], 1),
        ] as [(JSONValue, Int)] {
            let bulk = try await organization.bulk(["selector": selector])
            #expect(bulk.answer.json["totals"]["devices"].int == count, "\(selector)")
        }
    }

    @Test func `a waiting poll is answered when the bulk command reaches its device`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        async let polled = device.poll("?wait=20")
        try await eventually { server.waiters.devices(waitingFor: .commands).contains { $0.text == device.id } }
        let bulk = try await organization.bulk()
        let listed = try await bulk.progress { $0["totals"]["delivered"] == 1 }
        #expect(listed["totals"]["devices"] == 1)
        #expect(try await polled.count == 1)
    }

    @Test func `devices that cannot take it are counted with the reason`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (full, gone) = (try await organization.device(), try await organization.device())
        let (unsuitable, fine) = (
            try await organization.device(["device_type": "rp2040"]), try await organization.device()
        )
        try await fill(full)
        #expect(try await organization.admin.post("\(full.path)/reboot").status == 409)
        let template = try await organization.template(["device_types": ["esp32"]])
        let bulk = try await organization.bulk([
            "template_id": .string(template.id), "command_type": .null, "parameters": ["buffer": 7],
        ])
        let progress = try await bulk.progress { $0["status"] == "queued" }
        #expect(progress["skipped"] == ["deleted": 0, "unsuitable": 1, "queue_full": 1])
        #expect(progress["totals"]["queued"] == 2)
        #expect(progress["parameters"] == ["sensor": "ph", "buffer": 7])
        #expect(try await unsuitable.poll() == [])
        #expect(try await organization.admin.delete(gone.path).status == 204)
        let after = try await bulk.shown()
        #expect(after["skipped"]["deleted"] == 1)
        #expect(after["totals"]["skipped"] == 3)
        let command = try #require(try await fine.poll().first)
        #expect(try await fine.report(command, "succeeded").status == 200)
        #expect(try await bulk.shown()["done"] == true)
    }

    @Test func `the whole is taken back, but for what devices have acknowledged`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (busy, idle) = (try await organization.device(), try await organization.device())
        let bulk = try await organization.bulk()
        _ = try await bulk.progress { $0["status"] == "queued" }
        let command = try #require(try await busy.poll().first)
        #expect(try await busy.report(command, "acknowledged").status == 200)
        #expect(try await organization.admin.delete(bulk.path, headers: ["if-match": "\"9\""]).status == 412)
        let cancelled = try await organization.admin.delete(bulk.path)
        #expect(cancelled.status == 202)
        #expect(cancelled.json["cancelled_by"].string != nil)
        let progress = try await bulk.progress { $0["status"] == "cancelled" }
        #expect(progress["totals"]["cancelled"] == 1)
        #expect(progress["totals"]["delivered"] == 1)
        #expect(progress["done"] == false)
        #expect(try await idle.poll() == [])
        #expect(try await organization.admin.delete(bulk.path).status == 202)
        #expect(try await busy.report(command, "succeeded").status == 200)
        #expect(try await bulk.shown()["done"] == true)
        let id = try #require(UUID(uuidString: bulk.id))
        let audit = try await organization.server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(id) ORDER BY id")
        #expect(
            try audit.map { try $0.decode(String.self, at: 0) } == ["bulk_command.created", "bulk_command.cancelled"])
    }

    @Test func `the same Idempotency-Key gives one order, and bulk commands are listed by pages`() async throws {
        let organization = try await DevicesServer.shared().organization()
        _ = try await organization.device()
        func give(_ type: String, key: String) async throws -> TestHTTPResponse {
            try await organization.admin.post(
                TestBulk.path, ["selector": ["all": true], "command_type": .string(type)],
                headers: ["idempotency-key": key])
        }
        let first = try await give("blink", key: "k1")
        #expect(first.status == 201)
        #expect(try await give("blink", key: "k1").json == first.json)
        #expect(try await give("beep", key: "k1").status == 422)
        let second = try await give("beep", key: "k2")
        let page = try await organization.admin.get("\(TestBulk.path)?limit=1").json
        #expect(page["items"].array?.map(\.["id"]) == [second.json["id"]])
        #expect(page["items"][0]["totals"].isNull)
        let rest = try await organization.admin.get("\(TestBulk.path)?cursor=\(page["next_cursor"].string ?? "")").json
        #expect(rest["items"].array?.map(\.["id"]) == [first.json["id"]])
    }

    @Test(
        arguments: [
            ([:], "selector"), (["selector": [:]], "selector"), (["selector": ["all": false]], "selector"),
            (["selector": ["all": true, "tags": ["x"]]], "selector.all"),
            (["selector": ["tags": []]], "selector.tags"),
            (["selector": ["device_ids": ["x"]]], "selector.device_ids[0]"),
            (["selector": ["statuses": ["asleep"]]], "selector.statuses[0]"),
            (["selector": ["device_types": ["a b"]]], "selector.device_types[0]"),
            (["selector": ["q": ""]], "selector.q"), (["selector": ["tags": ["nowhere"]]], "selector"),
            (["selector": ["all": true], "command_type": "a b"], "command_type"),
            (["selector": ["all": true], "ttl_s": 0], "ttl_s"),
            (
                ["selector": ["all": true], "parameters": ["x": .string(String(repeating: "x", count: 4096))]],
                "parameters"
            ),
        ] as [([String: JSONValue], String)])
    func `a wrong order is refused by field`(fields: [String: JSONValue], field: String) async throws {
        let organization = try await DevicesServer.shared().organization()
        _ = try await organization.device()
        let body: [String: JSONValue] = ["command_type": "blink"]
        let refused = try await organization.admin.post(TestBulk.path, .object(body.merging(fields) { $1 }))
        #expect(refused.status == 422)
        #expect(refused.json["errors"][0]["field"].string == field)
        #expect(try await organization.admin.get(TestBulk.path).json["items"] == [])
    }

    @Test func `another organization's bulk command does not exist, and its devices are not reached`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, stranger) = (try await server.organization(), try await server.organization())
        let device = try await organization.device()
        let bulk = try await organization.bulk()
        #expect(try await stranger.admin.get(bulk.path).status == 404)
        #expect(try await stranger.admin.delete(bulk.path).status == 404)
        #expect(try await stranger.admin.get(TestBulk.path).json["items"] == [])
        #expect(try await stranger.admin.get("/api/v1/commands?bulk_id=\(bulk.id)").json["items"] == [])
        let order: JSONValue = ["selector": ["device_ids": [.string(device.id)]], "command_type": "blink"]
        #expect(try await stranger.admin.post(TestBulk.path, order).status == 422)
    }

    @Test func `another instance goes on where one ended, and no device is left out or served twice`() async throws {
        let database = try await DevicesServer.makeDatabase()
        let (one, other) = (try await DevicesServer.start(on: database), try await DevicesServer.start(on: database))
        let organization = try await one.organization()
        try await one.service.query(
            """
            INSERT INTO devices.devices (id, organization_id, name, description, device_type, tags, sensors,
                reading_interval, properties, status)
            SELECT gen_random_uuid(), \(organization.id), 'x', '', 'esp32', '{}', '{}', 60, '{}', 'provisioned'
            FROM generate_series(1, 5 * \(BulkWork.batchSize) + 1)
            """)
        let bulk = try await organization.bulk()
        await one.shutDown()
        let admin = try await other.service.user(.admin, of: organization.id)
        let count = 5 * BulkWork.batchSize + 1
        try await eventually(within: .seconds(30)) {
            let progress = try await admin.get(bulk.path).json
            return progress["status"] == "queued" && progress["totals"]["queued"].int == count
        }
        let id = try #require(UUID(uuidString: bulk.id))
        let rows = try await other.service.query(
            "SELECT count(*), count(DISTINCT device_id) FROM devices.commands WHERE bulk_id = \(id)")
        let (commands, devices) = try #require(try rows.first?.decode(Int.self, Int.self))
        #expect(commands == count)
        #expect(devices == count)
    }

    /// Lets as many commands wait for a device as may.
    private func fill(_ device: TestDevice) async throws {
        let id = try #require(UUID(uuidString: device.id))
        try await device.organization.server.service.query(
            """
            INSERT INTO devices.commands (id, organization_id, device_id, command_type, parameters, priority,
                max_retries, expires_at)
            SELECT gen_random_uuid(), \(device.organization.id), \(id), 'blink', '{}', 2, 3, now() + interval '1 d'
            FROM generate_series(1, \(CommandQueue.capacity))
            """)
    }
}
