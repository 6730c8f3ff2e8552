import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// Rows that a newer version has written, or one with other time zones, hold up nothing but what they are about.
@Suite struct UnreadableRowTests {
    static let changes: [SQL] = [
        "kind = 'composite'", "condition = 'resembles'", "severity = 'cosmic'", #"scope = '{"planet": "Mars"}'"#,
        """
        schedule = '{"time_zone": "Europe/Atlantis", "days": ["mon"], "from": "08:00", "to": "12:00"}'
        """,
    ]

    @Test(arguments: changes.indices)
    func `a rule that cannot be read keeps no other from triggering`(_ change: Int) async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let unreadable = try await laboratory.makeRule()
        _ = try await server.query(
            "UPDATE alerts.rules SET \(Self.changes[change]) WHERE id = \(UUID(uuidString: unreadable))")
        let rule = try await laboratory.makeRule()
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31)])
        #expect(try await laboratory.alert(device, status: "active")["rule_id"].string == rule)
        #expect(try await laboratory.alerts(device).count == 1)
    }

    @Test func `a maintenance window that cannot be read keeps nothing from triggering`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        _ = try await server.query(
            """
            INSERT INTO alerts.maintenance_windows (id, organization_id, name, notes, scope, recurring)
            VALUES (\(UUID.v7()), \(laboratory.organization), 'Work', '', '{"all": true}',
                '{"time_zone": "Europe/Atlantis", "days": ["mon"], "from": "08:00", "to": "12:00"}')
            """)
        _ = try await laboratory.makeRule()
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31)])
        _ = try await laboratory.alert(device, status: "active")
    }

    @Test func `a state that cannot be read counts as none`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let device = UUID.v7()
        _ = try await server.query(
            """
            INSERT INTO alerts.device_states (device_id, organization_id, position, is_watched, state)
            VALUES (\(device), \(laboratory.organization), '0-0', false, '{"n": 5}')
            """)
        _ = try await laboratory.makeRule()
        try await laboratory.send(device, [(1, 31)])
        _ = try await laboratory.alert(device, status: "active")
        let rows = try await server.query("SELECT state FROM alerts.device_states WHERE device_id = \(device)")
        let record = try #require(rows.first).decode(JSONB.self, at: 0).decode(DeviceRecord.self)
        #expect(record.sensors["temperature"]?.first == 1_000_000)
    }

    @Test func `an alert that cannot be read stands, and keeps no other from beginning`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let device = UUID.v7()
        let id = try await laboratory.raise(device, ["scope": ["all": true]])
        _ = try await server.query(
            "UPDATE alerts.alerts SET severity = 'cosmic' WHERE id = \(UUID(uuidString: id))")
        let neighbour = UUID.v7(inPartitionOf: device)
        try await laboratory.send(device, [(2, 20)])
        try await laboratory.send(neighbour, [(2, 31)])
        _ = try await laboratory.alert(neighbour, status: "active")
        let rows = try await server.query("SELECT status FROM alerts.alerts WHERE id = \(UUID(uuidString: id))")
        #expect(try rows.map { try $0.decode(String.self, at: 0) } == ["active"])
    }

    @Test(arguments: [true, false])
    func `an alert that cannot be read keeps no device and no member from being removed`(_ isDevice: Bool) async throws
    {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let (device, user) = (UUID.v7(), try await laboratory.addMember("Ada"))
        for _ in 0..<2 { _ = try await laboratory.makeRule() }
        try await laboratory.send(device, [(1, 31)])
        let alerts = try await eventually {
            let alerts = try await laboratory.alerts(device, "&status=active").compactMap { $0["id"].string }
            return alerts.count == 2 ? alerts : nil
        }
        _ = try await server.query(
            "UPDATE alerts.alerts SET assigned_to = \(user) WHERE device_id = \(device)")
        _ = try await server.query(
            "UPDATE alerts.alerts SET severity = 'cosmic' WHERE id = \(UUID(uuidString: alerts[0]))")
        if isDevice {
            try await server.publish(
                Event(
                    source: .devices, type: "device.deleted", subject: device.text, subjectVersion: 2,
                    organizationID: laboratory.organization,
                    data: ["id": device.text, "organization_id": laboratory.organization.text]))
        } else {
            try await laboratory.removeMember(user)
        }
        let condition: SQL = isDevice ? "status = 'resolved'" : "assigned_to IS NULL"
        try await eventually {
            let rows = try await server.query(
                "SELECT id FROM alerts.alerts WHERE device_id = \(device) AND \(condition)")
            return try rows.map { try $0.decode(UUID.self, at: 0).text } == [alerts[1]]
        }
    }
}

extension UUID {
    /// A device of the same partition of the telemetry as another one.
    fileprivate static func v7(inPartitionOf device: UUID) -> UUID {
        var id = UUID.v7()
        while StreamName.telemetryPartition(of: id) != StreamName.telemetryPartition(of: device) { id = .v7() }
        return id
    }
}
