import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// How long a device keeps its readings, as it is set over HTTP.
@Suite struct RetentionRouteTests {
    /// A device of an organization whose plan keeps readings for 30 days, and its admin.
    private func device() async throws -> (device: TestDevice, admin: TestHTTPClient, user: UUID) {
        let device = try await ReadingsServer.shared().device()
        let user = UUID()
        try await device.server.service.query(
            """
            INSERT INTO readings.limits (organization_id, plan, retention_days, version)
            VALUES (\(device.organization), 'pro', 30, 1)
            """)
        return (device, try await device.server.service.user(.admin, of: device.organization, id: user), user)
    }

    private func path(_ device: TestDevice) -> String { "\(device.path)/retention" }

    @Test func `it is set, changed and left to the plan again, each in the audit trail`() async throws {
        let (device, admin, user) = try await device()
        let ofPlan: JSONValue = ["days": .null, "plan_days": 30, "effective_days": 30, "pending": .null]
        #expect(try await admin.get(path(device)).json == ofPlan)
        for days in [7, 30, 30] {
            let answer = try await admin.put(path(device), ["days": .number(Double(days))])
            #expect(answer.status == 200)
            #expect(answer.json["days"].int == days && answer.json["effective_days"].int == days)
            #expect(try await admin.get(path(device)).json == answer.json)
        }
        for _ in 0..<2 { #expect(try await admin.delete(path(device)).status == 204) }
        #expect(try await admin.get(path(device)).json == ofPlan)
        let rows = try await device.server.service.query(
            """
            SELECT (data -> 'before' ->> 'days')::bigint, (data -> 'after' ->> 'days')::bigint FROM core.events
            WHERE entity_id = \(device.id) AND event_type = 'device.retention_updated' AND actor ->> 'id' = \(user.text)
            ORDER BY id
            """)
        let changes = try rows.map { try $0.decode(Int?.self, Int?.self) }
        #expect(changes.map(\.0) == [nil, 7, 30])
        #expect(changes.map(\.1) == [7, 30, nil])
    }

    @Test func `without a limit of the plan any time can be set`() async throws {
        let device = try await ReadingsServer.shared().device()
        let admin = try await device.server.service.user(.admin, of: device.organization)
        let answer = try await admin.put(path(device), ["days": 3650])
        #expect(answer.json == ["days": 3650, "plan_days": .null, "effective_days": 3650, "pending": .null])
    }

    @Test func `what the plan keeps is what billing says last`() async throws {
        let device = try await ReadingsServer.shared().device()
        let viewer = try await device.server.service.user(.viewer, of: device.organization)
        var shortenings: [Timestamp] = []
        for (version, days) in [(1, 90), (2, nil), (3, 30)] as [(Int, Int?)] {
            let limits: JSONValue = ["retention_days": days.map { .number(Double($0)) } ?? .null]
            try await device.server.service.publish(
                Event(
                    source: .billing, type: "limits.changed", subject: device.organization.text,
                    subjectVersion: version, organizationID: device.organization,
                    data: [
                        "organization_id": .string(device.organization.text), "plan": "pro", "limits": limits,
                    ] as JSONValue))
            try await eventually {
                let rows = try await device.server.service.query(
                    "SELECT version FROM readings.limits WHERE organization_id = \(device.organization)")
                return try rows.first?.decode(Int.self) == version
            }
            #expect(try await viewer.get(path(device)).json["pending"]["plan_days"].int == days)
            shortenings.append(
                try await device.server.service.query(
                    "SELECT shortened_at FROM readings.limits WHERE organization_id = \(device.organization)"
                )[0].decode(Timestamp.self))
        }
        #expect(shortenings[0] == shortenings[1] && shortenings[1] < shortenings[2])
    }

    @Test func `a plan that has become shorter counts`() async throws {
        let (device, admin, _) = try await device()
        #expect(try await admin.put(path(device), ["days": 20]).status == 200)
        try await device.server.service.query(
            "UPDATE readings.limits SET retention_days = 10 WHERE organization_id = \(device.organization)")
        #expect(
            try await admin.get(path(device)).json
                == ["days": 20, "plan_days": 10, "effective_days": 10, "pending": .null])
    }

    @Test func `until a plan that has become shorter counts, it is told what will be, and from when`() async throws {
        let (device, admin, _) = try await device()
        #expect(try await admin.put(path(device), ["days": 20]).status == 200)
        let shortened = Timestamp.now.adding(days: -6)
        try await device.server.service.query(
            """
            UPDATE readings.limits SET retention_days = 10, shortened_at = \(shortened)
            WHERE organization_id = \(device.organization)
            """)
        let from = JSONValue.string(shortened.adding(days: 7).rfc3339)
        let pending: JSONValue = ["from": from, "plan_days": 10, "effective_days": 10]
        #expect(
            try await admin.get(path(device)).json
                == ["days": 20, "plan_days": .null, "effective_days": 20, "pending": pending])
        // What is set has to suit it already.
        #expect(try await admin.put(path(device), ["days": 11]).status == 402)
        #expect(
            try await admin.put(path(device), ["days": 5]).json == [
                "days": 5, "plan_days": .null, "effective_days": 5,
                "pending": ["from": from, "plan_days": 10, "effective_days": 5],
            ])
        try await device.server.service.query(
            """
            UPDATE readings.limits SET shortened_at = \(shortened.adding(days: -1))
            WHERE organization_id = \(device.organization)
            """)
        #expect(
            try await admin.get(path(device)).json
                == ["days": 5, "plan_days": 10, "effective_days": 5, "pending": .null])
    }

    @Test func `longer than the plan is 402 and names the limit, no sensible number 422`() async throws {
        let (device, admin, _) = try await device()
        let answer = try await admin.put(path(device), ["days": 31])
        #expect(answer.status == 402)
        #expect(answer.json["type"] == "urn:lms:problem:limit:retention_days")
        for days in [0, -1, 3651, 1.5, "seven", nil] as [JSONValue?] {
            let answer = try await admin.put(path(device), days.map { ["days": $0] } ?? [:])
            #expect(answer.status == 422)
        }
        #expect(try await admin.get(path(device)).json["days"] == .null)
    }

    @Test func `viewers see it, admins set it, and other organizations do neither`() async throws {
        let (device, _, _) = try await device()
        let service = device.server.service
        for role in [Role.viewer, .member] {
            let client = try await service.user(role, of: device.organization)
            #expect(try await client.get(path(device)).status == 200)
            #expect(try await client.put(path(device), ["days": 7]).status == 403)
            #expect(try await client.delete(path(device)).status == 403)
        }
        let guest = try await service.user(
            nil, of: device.organization, grants: [ResourceGrant(resource: .device(device.id), role: .viewer)])
        #expect(try await guest.get(path(device)).status == 200)
        let stranger = try await service.user(.owner, of: .v7())
        #expect(try await stranger.get(path(device)).status == 404)
        #expect(try await stranger.put(path(device), ["days": 7]).status == 404)
        #expect(try await stranger.delete(path(device)).status == 404)
    }
}
