import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What an admin deletes over HTTP.
@Suite struct DeletionTests {
    /// A while ago, at the beginning of an hour.
    private let start = Timestamp.now.adding(days: -3).midnight.adding(hours: 7)

    private func minute(_ number: Int) -> Timestamp { start.adding(minutes: number) }

    /// A device with a reading of `t` and one of `h` in each of ten minutes.
    private func filledDevice() async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device()
        let readings = (0..<10).flatMap { number in
            ["t", "h"].map { sensor -> JSONValue in
                [
                    "sensor_type": .string(sensor), "value": .number(Double(number)),
                    "timestamp": .string(minute(number).rfc3339),
                ]
            }
        }
        _ = try await device.client.post(device.path, ["readings": .array(readings)])
        return device
    }

    private func path(_ device: TestDevice, _ narrowing: String = "") -> String {
        "/api/v1/readings?device_id=\(device.id.text)\(narrowing)"
    }

    @Test func `readings go by device, sensor and range, from its start on and without its end`() async throws {
        let (device, neighbour) = (try await filledDevice(), try await filledDevice())
        let admin = try await device.server.service.user(.admin, of: device.organization)
        let answer = try await admin.delete(
            path(device, "&sensor_type=t&from=\(minute(2).rfc3339)&to=\(minute(5).rfc3339)"))
        #expect(answer.status == 200)
        #expect(answer.json == ["deleted": 3, "is_complete": true])
        let left = try await device.stored()
        #expect(left.filter { $0.sensor == "t" }.map(\.value) == [0, 1, 5, 6, 7, 8, 9])
        #expect(left.filter { $0.sensor == "h" }.count == 10)
        #expect(try await neighbour.stored().count == 20)
        // The same again finds nothing.
        let again = try await admin.delete(
            path(device, "&sensor_type=t&from=\(minute(2).rfc3339)&to=\(minute(5).rfc3339)"))
        #expect(again.json == ["deleted": 0, "is_complete": true])
        // And what is not narrowed is all of the device.
        #expect(try await admin.delete(path(device)).json == ["deleted": 17, "is_complete": true])
        #expect(try await device.stored().isEmpty)
        #expect(try await neighbour.stored().count == 20)
    }

    @Test func `the latest reading is the newest that is left, and what was deleted may be sent again`() async throws {
        let device = try await filledDevice()
        let admin = try await device.server.service.user(.admin, of: device.organization)
        #expect(try await admin.delete(path(device, "&from=\(minute(4).rfc3339)")).json["deleted"] == 12)
        let latest = try await device.client.get("\(device.path)/latest?sensor_type=t").json
        #expect(latest["items"].array?.map { $0["value"] } == [3])
        let again = try await device.send([
            "sensor_type": "t", "value": 44, "timestamp": .string(minute(4).rfc3339),
        ])
        #expect(again.json == ["accepted": 1, "duplicates": 0, "rejected": []])
        #expect(try await device.stored().last?.value == 44)
    }

    @Test func `what is deleted is gone from the rollups`() async throws {
        let device = try await filledDevice()
        let admin = try await device.server.service.user(.admin, of: device.organization)
        try await device.rollUp()
        let end = start.adding(hours: 1)
        let path = "\(device.path)/stats?sensor_type=t&from=\(start)&to=\(end)"
        let before = try await admin.get(path).json
        #expect(before["resolution"] == "rollup_1h" && before["items"][0]["count"] == 10)
        let selection = "&sensor_type=t&from=\(minute(2))&to=\(minute(5))"
        #expect(try await admin.delete(self.path(device, selection)).json["deleted"] == 3)
        try await device.rollUp()
        let after = try await admin.get(path).json
        #expect(after["resolution"] == "rollup_1h" && after["items"][0]["count"] == 7)
        #expect(try await admin.delete(self.path(device)).json["deleted"] == 17)
        try await device.rollUp()
        #expect(try await device.rollups("readings.rollup_1h").isEmpty)
        #expect(try await device.rollups("readings.rollup_1d").isEmpty)
    }

    @Test func `a deletion is in the audit trail and told to other services, series by series`() async throws {
        let device = try await filledDevice()
        let user = UUID()
        let service = device.server.service
        let admin = try await service.user(.owner, of: device.organization, id: user)
        #expect(try await admin.delete(path(device, "&to=\(minute(4).rfc3339)")).json["deleted"] == 8)
        let rows = try await service.query(
            """
            SELECT data, actor ->> 'id' FROM core.events
            WHERE organization_id = \(device.organization) AND entity_id = \(device.id)
                AND event_type = 'readings.deleted' ORDER BY data ->> 'sensor_type'
            """)
        let audited = try rows.map { try $0.decode(JSONB.self, String.self) }
        let expected = ["h", "t"].map { sensor -> JSONValue in
            [
                "organization_id": .string(device.organization.text), "device_id": .string(device.id.text),
                "sensor_type": .string(sensor), "first": .string(minute(0).rfc3339),
                "last": .string(minute(3).rfc3339), "count": 4,
            ]
        }
        #expect(try audited.map { try $0.0.decode(JSONValue.self) } == expected)
        #expect(audited.map(\.1) == [user.text, user.text])
        let told = try await eventually { () -> [Event]? in
            let events = try await deletions(of: device)
            return events.count == 2 ? events : nil
        }
        #expect(Set(try told.map { try $0.decode(JSONValue.self)["sensor_type"].string }) == ["h", "t"])
        #expect(told.allSatisfy { $0.userID == user && $0.organizationID == device.organization })
        // What deletes nothing tells nothing.
        #expect(try await admin.delete(path(device, "&to=\(minute(4).rfc3339)")).json["deleted"] == 0)
        #expect(try await admin.delete(path(device, "&to=\(minute(5).rfc3339)")).json["deleted"] == 2)
        try await eventually { try await deletions(of: device).count == 4 }
    }

    private func deletions(of device: TestDevice) async throws -> [Event] {
        try await device.server.service.redis.xrange(StreamName.events(.readings), count: 100_000)
            .map { try Event(json: $0["event"] ?? []) }
            .filter { event in
                guard event.type == "readings.deleted" else { return false }
                return try event.decode(JSONValue.self)["device_id"].string == device.id.text
            }
    }

    @Test func `only an admin may, and only of the own organization's devices`() async throws {
        let device = try await filledDevice()
        let service = device.server.service
        for role in [Role.viewer, .member] {
            let client = try await service.user(role, of: device.organization)
            #expect(try await client.delete(path(device)).status == 403)
        }
        let guest = try await service.user(
            nil, of: device.organization, grants: [ResourceGrant(resource: .device(device.id), role: .admin)])
        #expect(try await guest.delete(path(device)).status == 403)
        #expect(try await device.client.delete(path(device)).status == 403)
        let stranger = try await service.user(.owner, of: .v7())
        #expect(try await stranger.delete(path(device)).status == 404)
        #expect(try await device.stored().count == 20)
    }

    @Test func `readings of a device that has been deleted can be deleted, too`() async throws {
        let device = try await filledDevice()
        let service = device.server.service
        try await service.query("UPDATE readings.devices SET is_deleted = true WHERE id = \(device.id)")
        let admin = try await service.user(.admin, of: device.organization)
        #expect(try await admin.delete(path(device)).json == ["deleted": 20, "is_complete": true])
    }

    @Test(arguments: [
        ("", "device_id"), ("device_id=", "device_id"), ("device_id=x", "device_id"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001,0192f0c1-2345-7000-8000-000000000002", "device_id"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&sensor_type=", "sensor_type"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&sensor_type=,", "sensor_type"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&sensor_type=%20", "sensor_type"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&to=2026-11-04T00:00:00Z&to=2026-11-03T00:00:00Z", "to"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&since=2026-11-04T00:00:00Z", "since"),
        ("device_id=0192f0c1-2345-7000-8000-000000000001&from=yesterday", "from"),
        (
            "device_id=0192f0c1-2345-7000-8000-000000000001&from=2026-11-04T00:00:00Z&to=2026-11-03T00:00:00Z",
            "from"
        ),
    ])
    func `what would delete more than was meant, or nothing that can be told, is 422`(
        query: String, field: String
    ) async throws {
        let admin = try await ReadingsServer.shared().service.user(.admin, of: .v7())
        let response = try await admin.delete("/api/v1/readings?\(query)")
        #expect(response.status == 422)
        #expect(response.json["errors"][0]["field"].string == field)
    }
}
