import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct RemovalTests {
    @Test func `of a deleted organization nothing is left, and of others everything`() async throws {
        let server = try await AlertsServer.shared()
        let (laboratory, other) = (server.laboratory(), server.laboratory())
        for one in [laboratory, other] { try await fill(one) }
        let tables: Set = [
            "rules", "rule_state", "alerts", "alert_events", "channels", "notifications", "delivery_attempts",
            "escalations", "devices", "members", "maintenance_windows", "preferences", "mail_hours", "removals",
        ]
        // What fails is tried again and again, which is no matter of the other's being left alone.
        _ = try await server.query(
            "UPDATE alerts.notifications SET status = 'dead' WHERE organization_id = \(other.organization)")
        let before = try await server.database.rows(of: other.organization, in: "alerts")
        #expect(Set(before.keys) == tables.subtracting(["removals"]))
        try await server.publish(
            try Event(
                source: .auth, type: "organization.deleted", subject: laboratory.organization.text, subjectVersion: 2,
                organizationID: laboratory.organization,
                data: ["organization_id": laboratory.organization.text]))
        try await eventually(within: .seconds(20)) {
            try await server.database.rows(of: laboratory.organization, in: "alerts") == ["removals": 1]
        }
        let after = try await server.database.rows(of: other.organization, in: "alerts")
        #expect(after == before)
    }

    @Test func `what is told of members does not hold up what comes behind`() async throws {
        let server = try await AlertsServer.shared()
        let organization = UUID.v7()
        for (version, type) in ["member.added", "member.role_changed", "member.removed"].enumerated() {
            try await server.publish(
                try Event(
                    source: .auth, type: type, subject: "\(organization.text)/\(UUID.v7().text)",
                    subjectVersion: version + 1, organizationID: organization,
                    data: [
                        "organization_id": organization.text, "user_id": UUID.v7().text, "role": "member",
                        "name": "Ada",
                    ]))
        }
        try await eventually {
            let group = try await server.redis.xinfoGroups(StreamName.events(.auth)).first { $0.name == "alerts" }
            return group?.pending == 0 && group?.lag == 0
        }
    }

    /// Leaves a row in every table: an open alert whose webhook is notified.
    private func fill(_ laboratory: Laboratory) async throws {
        let admin = try await laboratory.client(.admin)
        let channel = try await admin.post(
            "/api/v1/alerts/channels", ["name": "Hook", "type": "webhook", "url": "http://127.0.0.1:1/"])
        let id = try #require(channel.json["id"].string)
        _ = try await laboratory.makeRule(["channel_ids": [.string(id)]])
        _ = try await laboratory.addMember("Ada")
        _ = try await admin.put("/api/v1/alerts/preferences", ["email": ["enabled": false]])
        _ = try await laboratory.server.query(
            """
            INSERT INTO alerts.mail_hours (organization_id, hour, count) VALUES (\(laboratory.organization), now(), 1)
            """)
        _ = try await admin.post(
            "/api/v1/alerts/maintenance-windows",
            [
                "name": "Saturdays", "scope": ["tags": ["cold"]],
                "recurring": ["time_zone": "UTC", "days": ["sat"], "from": "08:00", "to": "09:00"],
            ])
        let device = UUID.v7()
        try await laboratory.server.publish(
            try Event(
                source: .devices, type: "device.registered", subject: device.text, subjectVersion: 1,
                organizationID: laboratory.organization,
                data: [
                    "id": .string(device.text), "organization_id": .string(laboratory.organization.text),
                    "name": "Incubator", "tags": [],
                ] as JSONValue))
        try await laboratory.send(device, [(Int64(Date().timeIntervalSince1970), 38.4)])
        let alert = try await laboratory.alert(device, status: "active")
        _ = try await laboratory.server.query(
            """
            INSERT INTO alerts.escalations (organization_id, alert_id, step, channel_ids, due_at)
            VALUES (
                \(laboratory.organization), \(UUID(uuidString: alert["id"].string ?? "")), 1, '{}',
                now() + interval '1 day')
            """)
        try await eventually {
            let rows = try await laboratory.server.database.rows(of: laboratory.organization, in: "alerts")
            return rows["devices"] == 1 && rows["notifications"] == 1 && (rows["delivery_attempts"] ?? 0) > 0
        }
    }
}
