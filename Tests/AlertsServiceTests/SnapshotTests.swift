import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// What this service tells anew, and what it has told anew to itself.
@Suite struct SnapshotTests {
    @Test func `a snapshot has the alerts that are open, as they are`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        _ = try await laboratory.makeRule()
        let (active, acknowledged, resolved) = (UUID.v7(), UUID.v7(), UUID.v7())
        for device in [active, acknowledged, resolved] { try await laboratory.send(device, [(1, 31)]) }
        let member = try await laboratory.client(.member)
        let first = try await laboratory.alert(active, status: "active")
        let second = try await laboratory.alert(acknowledged, status: "active")
        let third = try await laboratory.alert(resolved, status: "active")
        _ = try await member.put("/api/v1/alerts/\(second["id"].string ?? "")/acknowledge", [:])
        _ = try await member.put("/api/v1/alerts/\(third["id"].string ?? "")/resolve", [:])
        let shown = try await laboratory.alert(acknowledged, status: "acknowledged")

        let page = try await server.openAlerts()
        #expect(page.next == nil)
        let types = Dictionary(uniqueKeysWithValues: page.items.map { ($0.subject, $0.type) })
        #expect(
            types == [
                first["id"].string ?? "": "alert.triggered", second["id"].string ?? "": "alert.acknowledged",
            ])
        let told = try #require(page.items.first { $0.type == "alert.acknowledged" })
        #expect(told.subjectVersion > 1 && told.organizationID == laboratory.organization)
        #expect(try told.decode(JSONValue.self) == shown)
        try await server.running.stop()
    }

    @Test func `an alert that cannot be read is left out of a snapshot, and ends no page of it`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let id = UUID(uuidString: try await laboratory.raise(.v7()))
        _ = try await server.query(
            """
            INSERT INTO alerts.alerts (
                id, organization_id, rule_id, rule_name, device_id, sensor_type, severity, message, value, reading_time,
                triggered_at, status, count, last_value, last_reading_time, version)
            SELECT gen_random_uuid(), organization_id, rule_id, rule_name, device_id, sensor_type || number, severity,
                message, value, reading_time, triggered_at, status, count, last_value, last_reading_time, version
            FROM alerts.alerts, generate_series(1, \(SnapshotPage.size)) AS number WHERE id = \(id)
            """)
        let rows = try await server.query("SELECT id FROM alerts.alerts ORDER BY id")
        let ids = try rows.map { try $0.decode(UUID.self, at: 0) }
        #expect(ids.count == SnapshotPage.size + 1)
        // The last one of the first page, behind which the next one begins.
        let unreadable = ids[SnapshotPage.size - 1]
        _ = try await server.query("UPDATE alerts.alerts SET severity = 'cosmic' WHERE id = \(unreadable)")

        let first = try await server.openAlerts()
        #expect(first.items.map(\.subject) == ids.dropLast(2).map(\.text))
        #expect(first.next == unreadable.text)
        let second = try await server.openAlerts(after: first.next)
        #expect(second.items.map(\.subject) == ids.suffix(1).map(\.text) && second.next == nil)
        try await server.running.stop()
    }

    @Test func `when events are lost, devices become those that there are, and alerts of the others end`() async throws
    {
        let owner = try await TestOwner.start()
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase(), devices: owner.url)
        let laboratory = server.laboratory()
        func registered(_ device: UUID, _ name: String, version: Int = 1) throws -> Event {
            try Event(
                source: .devices, type: "device.registered", subject: device.text, subjectVersion: version,
                organizationID: laboratory.organization,
                data: [
                    "id": .string(device.text), "organization_id": .string(laboratory.organization.text),
                    "name": .string(name), "tags": [],
                ] as JSONValue)
        }
        func known() async throws -> [String: Bool] {
            let rows = try await server.query("SELECT name, is_deleted FROM alerts.devices WHERE name <> ''")
            return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(String.self, Bool.self) })
        }
        let (kept, deleted, missed) = (UUID.v7(), UUID.v7(), UUID.v7())
        _ = try await laboratory.makeRule()
        for (device, name) in [(kept, "Kept"), (deleted, "Deleted")] {
            try await server.publish(registered(device, name))
        }
        try await eventually { try await known() == ["Kept": false, "Deleted": false] }
        for device in [kept, deleted] {
            try await laboratory.send(device, [(1, 31)])
            _ = try await laboratory.alert(device, status: "active")
        }
        owner.set("devices", try [registered(kept, "Renamed", version: 2), registered(missed, "Missed")])
        try await server.redis.del(StreamName.events(.devices))
        try await eventually { try await known() == ["Renamed": false, "Deleted": true, "Missed": false] }
        _ = try await laboratory.alert(deleted, status: "resolved")
        #expect(try await laboratory.alerts(kept).first?["status"].string == "active")
        try await server.running.stop()
    }
}

extension AlertsServer {
    /// A page of the snapshot, as another service asks for it.
    fileprivate func openAlerts(after cursor: String? = nil) async throws -> SnapshotPage {
        let service = anonymous.authorized(
            try await InternalTokens(service: "realtime", keys: KeyRing(database.encodedSecretKey)).token())
        let query = cursor.map { "?after=\($0)" } ?? ""
        let response = try await service.get("/internal/v1/snapshot/alerts\(query)")
        return try JSONDecoder().decode(SnapshotPage.self, from: Data(response.text.utf8))
    }
}
