import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import RealtimeService

/// The dashboard's page, fragments and JSON, and the projections that they show.
struct DashboardTests {
    private let organization = UUID.v7()
    private let device = UUID.v7()

    /// Waits until the organization's dashboard is as it should be.
    @discardableResult
    private func dashboard(
        of organization: UUID, where isSo: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        let user = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        return try await eventually {
            let json = try await user.get("/api/v1/dashboard").json
            return isSo(json) ? .some(json) : .none
        }
    }

    @Test func devicesAreShownAsTheEventsTell() async throws {
        let server = try await RealtimeServer.shared()
        try await server.register(device, name: "Incubator", of: organization)
        try await server.tell(
            .devices, "device.online", device, 1, organization,
            [
                "device_id": .string(device.text), "organization_id": .string(organization.text), "status": "online",
                "last_seen": "2026-11-24T02:00:00.000000Z",
            ])
        let json = try await dashboard(of: organization) { $0["stats"]["devices_online"].int == 1 }
        #expect(json["devices"][0]["name"].string == "Incubator")
        #expect(json["devices"][0]["status"].string == "online")
        #expect(json["activity"].array?.map { $0["type"].string } == ["device.online", "device.registered"])
        #expect(json["activity"][0]["device_name"].string == "Incubator")
        // Others see nothing of it.
        try await dashboard(of: UUID.v7()) { $0["stats"]["devices"].int == 0 && $0["activity"].array == [] }
    }

    @Test func aLateUpdateRevivesNothing() async throws {
        let server = try await RealtimeServer.shared()
        let other = UUID.v7()
        try await server.register(device, name: "Old", of: organization)
        try await server.tell(
            .devices, "device.deleted", device, 3, organization,
            ["id": .string(device.text), "organization_id": .string(organization.text), "version": 3])
        try await server.register(device, name: "Late", of: organization, version: 2)
        try await server.register(other, name: "Other", of: organization)
        let json = try await dashboard(of: organization) { $0["devices"][0]["id"].string == other.text }
        #expect(json["stats"]["devices"].int == 1)
    }

    private func tell(
        _ type: String, _ version: Int, of alert: UUID, status: String, severity: String = "critical"
    ) async throws {
        try await RealtimeServer.shared().tell(
            .alerts, type, alert, version, organization,
            [
                "id": .string(alert.text), "organization_id": .string(organization.text),
                "device_id": .string(device.text), "device_name": "Incubator", "severity": .string(severity),
                "status": .string(status), "message": "Too <hot>", "triggered_at": "2026-11-24T02:00:00.000000Z",
            ])
    }

    @Test func alertsAreOpenUntilResolved() async throws {
        let server = try await RealtimeServer.shared()
        let alert = UUID.v7()
        try await tell("alert.triggered", 1, of: alert, status: "active")
        let json = try await dashboard(of: organization) { $0["stats"]["critical_alerts"].int == 1 }
        #expect(json["alerts"][0]["message"].string == "Too <hot>")
        let user = try await server.service.user(.viewer, of: organization)
        let fragment = try await user.get("/dashboard/activity").text
        #expect(fragment.contains("Too &lt;hot&gt;") && !fragment.contains("<html"))
        try await tell("alert.resolved", 2, of: alert, status: "resolved")
        try await dashboard(of: organization) { $0["stats"]["open_alerts"].int == 0 && $0["alerts"].array == [] }
    }

    @Test func `a dismissed alert is not open, a reopened one is, and severities rise`() async throws {
        let alert = UUID.v7()
        try await tell("alert.triggered", 1, of: alert, status: "active", severity: "high")
        try await dashboard(of: organization) { $0["stats"]["open_alerts"].int == 1 }
        try await tell("alert.dismissed", 2, of: alert, status: "dismissed", severity: "high")
        try await dashboard(of: organization) { $0["stats"]["open_alerts"].int == 0 && $0["alerts"].array == [] }
        try await tell("alert.reopened", 3, of: alert, status: "active", severity: "high")
        try await dashboard(of: organization) {
            $0["stats"]["open_alerts"].int == 1 && $0["stats"]["critical_alerts"].int == 0
        }
        try await tell("alert.severity_raised", 4, of: alert, status: "active")
        try await dashboard(of: organization) { $0["stats"]["critical_alerts"].int == 1 }
        try await tell("alert.assigned", 5, of: alert, status: "active")
        let json = try await dashboard(of: organization) { $0["activity"].array?.count == 5 }
        #expect(json["stats"]["open_alerts"].int == 1)
        let user = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        let fragment = try await user.get("/dashboard/activity").text
        for words in ["Alert dismissed", "Alert reopened", "Severity raised", "Alert assigned"] {
            #expect(fragment.contains(words), "\(words)")
        }
    }

    @Test func ofADeletedOrganizationNothingIsLeft() async throws {
        let server = try await RealtimeServer.shared()
        let other = UUID.v7()
        try await server.register(device, name: "Incubator", of: organization)
        try await server.register(UUID.v7(), name: "Other", of: other)
        try await server.tell(
            .alerts, "alert.triggered", UUID.v7(), 1, organization,
            [
                "id": .string(UUID.v7().text), "organization_id": .string(organization.text),
                "device_id": .string(device.text), "severity": "critical", "status": "active", "message": "Hot",
                "triggered_at": "2026-11-24T02:00:00.000000Z",
            ])
        let database = server.service.database
        try await eventually {
            try await database.rows(of: organization, in: "realtime") == ["devices": 1, "alerts": 1, "activity": 2]
        }
        for (version, type) in ["member.role_changed", "member.removed", "organization.deleted"].enumerated() {
            try await server.tell(
                .auth, type, organization, version + 2, organization,
                ["organization_id": .string(organization.text), "user_id": .string(UUID.v7().text)])
        }
        try await eventually(within: .seconds(20)) {
            try await database.rows(of: organization, in: "realtime") == ["removals": 1]
        }
        #expect(try await database.rows(of: other, in: "realtime") == ["devices": 1, "activity": 1])
    }

    @Test func storedReadingsAreCounted() async throws {
        let server = try await RealtimeServer.shared()
        try await server.tell(
            .readings, "usage.recorded", UUID(), 1, organization,
            ["batches": [["organizations": [["organization_id": .string(organization.text), "readings": 7]]]]])
        try await dashboard(of: organization) { $0["stats"]["readings_per_minute"].int == 7 }
    }

    @Test func thePageShowsDevicesAndLoadsItsScripts() async throws {
        let server = try await RealtimeServer.shared()
        try await server.register(device, name: "Cold room", of: organization)
        try await dashboard(of: organization) { $0["stats"]["devices"].int == 1 }
        let user = try await server.service.user(.viewer, of: organization)
        let page = try await user.get("/dashboard").text
        #expect(page.contains("Cold room"))
        for script in ["dashboard", "live-feed", "live-chart", "dygraph.min"] {
            let path = try #require(page.firstMatch(of: try Regex("\"(/static/realtime/\(script)\\.[0-9a-f]+\\.js)\"")))
            let answer = try await user.get(String(page[path.output[1].range!]))
            #expect(answer.status == 200)
            #expect(answer.header("cache-control")?.contains("immutable") == true)
        }
        #expect(!page.contains("<script>") && !page.contains("style="))
    }

    @Test func whoIsNotSignedInIsSentToDoSo() async throws {
        let client = try await RealtimeServer.shared().service.client
        let answer = try await client.get("/dashboard")
        #expect(answer.status == 303)
        #expect(answer.header("location") == "/auth/login?next=%2Fdashboard")
        #expect(try await client.get("/api/v1/dashboard").status == 401)
        #expect(try await client.post("/api/v1/stream/ticket").status == 401)
    }

    @Test func theRoutesAreTheDocumented() async throws {
        let service = try await RealtimeServer.shared().service
        #expect(try await service.documentedOperations() == service.servedOperations)
    }
}
