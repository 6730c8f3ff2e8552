import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct HealthTests {
    @Test func `a device that was never heard from has no health, and one that is has`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let unheard = try await health(device)
        #expect(unheard["score"] == 0)
        #expect(codes(unheard) == ["never_seen"])
        #expect(unheard["status"] == "provisioned")
        #expect(unheard["last_seen"].isNull)
        #expect(unheard["availability"] == ["24h": 0, "7d": 0, "30d": 0])

        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        let heard = try await health(device)
        #expect(heard["device_id"].string == device.id)
        #expect(heard["score"] == 100)
        #expect(heard["reasons"] == [])
        #expect(heard["missed_reports"] == 0)
        #expect(heard["time"].string.flatMap(Timestamp.init(rfc3339:)) != nil)
    }

    @Test func `every fact is found and has its reason`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let id = try #require(UUID(uuidString: device.id))
        let report: JSONValue = ["status": "error", "battery_level": 15, "wifi_signal_strength": -85]
        #expect(try await device.client.post("\(device.path)/status", report).status == 200)
        #expect(
            try await device.log(
                ["level": "critical", "message": "a"], ["level": "error", "message": "b"],
                ["level": "error", "message": "c"], ["level": "warning", "message": "d"]
            ).status == 201)
        #expect(try await organization.admin.put("\(device.path)/config", ["config": ["a": 1]]).status == 200)
        let command = try await device.queue()
        #expect(try await device.poll() == [command])
        #expect(try await device.report(command, "failed").status == 200)
        try await server.service.query(
            "UPDATE devices.configs SET last_updated = now() - interval '61 min' WHERE device_id = \(id)")
        try await server.service.query(
            """
            INSERT INTO devices.battery_samples (organization_id, device_id, slot, time, battery_level)
            SELECT \(organization.id), \(id), hour, now() - make_interval(hours => hour), 15 + hour
            FROM generate_series(1, 4) AS hour
            ON CONFLICT (organization_id, device_id, slot)
            DO UPDATE SET time = excluded.time, battery_level = excluded.battery_level
            """)
        let found = try await health(device)
        #expect(
            codes(found) == [
                "reported_error", "error_logs", "battery_emptying", "battery_low", "signal_weak", "config_unapplied",
                "commands_failed",
            ])
        #expect(found["score"] == 0)
        #expect(found["critical_logs"] == 1)
        #expect(found["error_logs"] == 2)
        #expect(found["failed_commands"] == 1)
        #expect(found["config_version"] == 2)
        #expect(found["applied_config_version"].isNull)
        #expect(found["battery_level"] == 15)
        #expect(abs((found["battery_rate"].double ?? 0) + 1) < 0.01)
        #expect(found["wifi_signal_strength"] == -85)
        #expect(found["reasons"][0]["points"] == 40)
        #expect(found["reasons"][0]["detail"].string?.isEmpty == false)
    }

    @Test func `a first configuration that is not empty is to be applied, an empty one is not`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let configured = try await organization.fleet(["defaults": ["config": ["interval": 30]]]).device("SN-1")
        let empty = try await organization.device()
        for device in [configured, empty] {
            #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        }
        try await server.service.query(
            """
            UPDATE devices.configs SET last_updated = now() - interval '61 min'
            WHERE organization_id = \(organization.id)
            """)
        #expect(codes(try await health(configured)) == ["config_unapplied"])
        #expect(codes(try await health(empty)) == [])
        let beat: JSONValue = ["config_version": 1]
        #expect(try await configured.client.post("\(configured.path)/heartbeat", beat).status == 200)
        #expect(codes(try await health(configured)) == [])
    }

    @Test func `the battery is kept once an hour`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        for (status, level) in [("online", 80), ("error", 79), ("online", 78)] {
            let report: JSONValue = ["status": .string(status), "battery_level": .number(Double(level))]
            #expect(try await device.client.post("\(device.path)/status", report).status == 200)
        }
        let levels = try await batteryLevels(organization)
        // The hour may have ended between two reports.
        #expect(levels.first == 80 && levels.count <= 2)
        try await server.service.query(
            """
            UPDATE devices.battery_samples SET time = time - interval '2 d' WHERE organization_id = \(organization.id)
            """)
        let report: JSONValue = ["status": "error", "battery_level": 60]
        #expect(try await device.client.post("\(device.path)/status", report).status == 200)
        #expect(try await batteryLevels(organization).contains(60))
    }

    @Test func `each change of the status is kept once, whoever makes it`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device(["reading_interval": 20])
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        try await server.service.query(
            """
            UPDATE devices.devices SET last_seen = now() - interval '100 s' WHERE organization_id = \(organization.id)
            """)
        try await eventually { try await device.shown()["status"] == "offline" }
        #expect(try await device.client.post("\(device.path)/status", ["status": "online"]).status == 200)
        for status in ["maintenance", "online"] {
            #expect(try await organization.admin.patch(device.path, ["status": .string(status)]).status == 200)
            #expect(try await organization.admin.patch(device.path, ["name": .string(status)]).status == 200)
        }
        let rows = try await server.service.query(
            """
            SELECT status, changed_at >= lag(changed_at, 1, '-infinity') OVER (ORDER BY version)
            FROM devices.status_changes WHERE organization_id = \(organization.id) ORDER BY version
            """)
        let kept = try rows.map { try $0.decode(String.self, Bool.self) }
        #expect(
            kept.map(\.0) == ["provisioned", "online", "offline", "online", "maintenance", "offline"])
        #expect(kept.allSatisfy { $0.1 })
    }

    @Test func `availability is of the time that the device was known, each period cut at its edge`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let id = try #require(UUID(uuidString: device.id))
        try await server.service.query(
            "DELETE FROM devices.status_changes WHERE organization_id = \(organization.id)")
        #expect(try await health(device)["availability"] == ["24h": nil, "7d": nil, "30d": nil])
        try await server.service.query(
            """
            INSERT INTO devices.status_changes (organization_id, device_id, version, status, changed_at)
            SELECT \(organization.id), \(id), version, status, now() - age
            FROM (VALUES (1, 'offline', interval '10 d'), (2, 'online', interval '4 d'), (3, 'offline', interval '6 h'))
                AS change (version, status, age)
            """)
        let availability = try await health(device)["availability"]
        #expect(availability["24h"].double.map { abs($0 - 75) < 0.1 } == true)
        #expect(availability["7d"].double.map { abs($0 - 3.75 / 7 * 100) < 0.1 } == true)
        #expect(availability["30d"].double.map { abs($0 - 37.5) < 0.1 } == true)
    }

    @Test func `statuses that no period needs any more are deleted`() async throws {
        let database = try await DevicesServer.makeDatabase()
        let (organization, id) = (UUID(), UUID())
        let statements: [SQL] = [
            """
            INSERT INTO devices.devices (id, organization_id, name, description, device_type, tags, sensors,
                reading_interval, properties, status)
            VALUES (\(id), \(organization), 'x', '', 'esp32', '{}', '{}', 60, '{}', 'offline')
            """,
            """
            INSERT INTO devices.status_changes (organization_id, device_id, version, status, changed_at)
            SELECT \(organization), \(id), version, status, now() - age
            FROM (VALUES (-4, 'online', interval '50 d'), (-3, 'offline', interval '40 d'),
                (-2, 'online', interval '31 d'), (-1, 'offline', interval '29 d')) AS change (version, status, age)
            """,
        ]
        _ = try await withClient(database.administrator) { try await $0.batch(statements) }
        let deleted = try await withClient(database.configuration(.devices)) { client in
            try await StatusHistory(database: client).deleteOutdated(1)
                + StatusHistory(database: client).deleteOutdated(10)
        }
        #expect(deleted == 2)
        let versions: [Int] = try await withClient(database.administrator) { client in
            try await client.query("SELECT version FROM devices.status_changes ORDER BY version")
                .map { try $0.decode(Int.self, at: 0) }
        }
        #expect(versions == [-2, -1])
    }

    private func health(_ device: TestDevice) async throws -> JSONValue {
        let response = try await device.organization.admin.get("\(device.path)/health")
        guard response.status == 200 else { throw UnexpectedAnswer(response: response) }
        return response.json
    }

    private func codes(_ health: JSONValue) -> [String] {
        health["reasons"].array?.compactMap(\.["code"].string) ?? []
    }

    private func batteryLevels(_ organization: TestOrganization) async throws -> [Double] {
        try await organization.server.service.query(
            "SELECT battery_level FROM devices.battery_samples WHERE organization_id = \(organization.id) ORDER BY time"
        ).map { try $0.decode(Double.self) }
    }
}
