import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct MaintenanceWindowTests {
    private let path = "/api/v1/alerts/maintenance-windows"

    private static func once(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        let window: [String: JSONValue] = [
            "name": "Cleaning", "notes": "Filters", "scope": ["tags": ["cold"]],
            "starts_at": .string(Timestamp.now.adding(.seconds(-60)).rfc3339),
            "ends_at": .string(Timestamp.now.adding(.seconds(3600)).rfc3339),
        ]
        return .object(window.merging(changes) { $1 }.filter { $0.value != .null })
    }

    private static func hours(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        let hours: [String: JSONValue] = [
            "time_zone": "Europe/Berlin", "days": ["sat", "sun"], "from": "22:00", "to": "06:30",
        ]
        return .object(hours.merging(changes) { $1 })
    }

    private static func recurring(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        once(["starts_at": nil, "ends_at": nil, "recurring": hours(changes)])
    }

    @Test func `a window is made, read, listed and deleted, and every change counts the version up`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let (admin, viewer) = (try await laboratory.client(.admin), try await laboratory.client(.viewer))
        func version() async throws -> String? {
            try await server.redis.mget(["lms:alerts:rules:\(laboratory.organization.text)"])[0]
                .map { String(decoding: $0, as: UTF8.self) }
        }
        var made: [JSONValue] = []
        for (count, window) in [Self.once(), Self.recurring()].enumerated() {
            let answer = try await admin.post(path, window)
            #expect(answer.status == 201, "\(answer)")
            #expect(answer.header("etag") == #""1""#)
            #expect(answer.header("location") == "\(path)/\(answer.json["id"].string ?? "")")
            #expect(try await version() == "\(count + 1)")
            made.append(answer.json)
        }
        #expect(made[0]["recurring"].isNull && made[0]["scope"] == ["tags": ["cold"]])
        #expect(made[0]["time_zone"] == "UTC" && made[1]["time_zone"].isNull)
        #expect(made[1]["recurring"] == Self.hours() && made[1]["starts_at"].isNull)
        #expect(try await viewer.get("\(path)?order=asc").json["items"].array == made)
        let id = try #require(made[0]["id"].string)
        #expect(try await viewer.get("\(path)/\(id)").json == made[0])

        #expect(try await admin.delete("\(path)/\(id)", headers: ["if-match": #""2""#]).status == 412)
        #expect(try await admin.delete("\(path)/\(id)", headers: ["if-match": #""1""#]).status == 204)
        #expect(try await version() == "3")
        #expect(try await viewer.get("\(path)/\(id)").status == 404)
        #expect(try await admin.delete("\(path)/\(id)").status == 404)
        let rows = try await server.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(UUID(uuidString: id)) ORDER BY id")
        #expect(
            try rows.map { try $0.decode(String.self, at: 0) } == [
                "alert_maintenance_window.created", "alert_maintenance_window.deleted",
            ])
    }

    static let mistakes: [(String, JSONValue, String)] = [
        ("no name", once(["name": ""]), "name"),
        ("long notes", once(["notes": .string(String(repeating: "a", count: 2_001))]), "notes"),
        ("no scope", once(["scope": [:]]), "scope"),
        ("no tags", once(["scope": ["tags": []]]), "scope.tags"),
        ("no time", once(["starts_at": nil, "ends_at": nil]), "starts_at"),
        ("no end", once(["ends_at": nil]), "ends_at"),
        ("an end before the beginning", once(["starts_at": "2999-01-01T00:00:00Z"]), "ends_at"),
        ("what is over", once(["starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-01-02T00:00:00Z"]), "ends_at"),
        ("more than a year", once(["ends_at": "2999-01-01T00:00:00Z"]), "ends_at"),
        ("both kinds", once(["recurring": hours()]), "starts_at"),
        ("an abbreviation for a zone", once(["time_zone": "CET"]), "time_zone"),
        (
            "a zone beside hours that have one",
            once(["starts_at": nil, "ends_at": nil, "recurring": hours(), "time_zone": "UTC"]), "time_zone"
        ),
        ("no such zone", recurring(["time_zone": "Europe/Atlantis"]), "recurring.time_zone"),
        ("an offset for a zone", recurring(["time_zone": "UTC+3"]), "recurring.time_zone"),
        ("no days", recurring(["days": []]), "recurring.days"),
        ("an unknown day", recurring(["days": ["caturday"]]), "recurring.days"),
        ("no time of day", recurring(["from": "25:00"]), "recurring.from"),
        ("a text for a time", recurring(["to": "noon"]), "recurring.to"),
        ("no length", recurring(["to": "22:00"]), "recurring.to"),
        (
            "all the time",
            recurring([
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00",
            ]), "recurring"
        ),
    ]

    @Test(arguments: mistakes)
    func `what makes no sense is refused with its field`(
        _ name: String, _ window: JSONValue, _ field: String
    ) async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let answer = try await admin.post(path, window)
        #expect(answer.status == 422, "\(name): \(answer)")
        #expect(answer.json["errors"][0]["field"].string == field, "\(name): \(answer)")
        #expect(try await admin.get(path).json["items"] == [])
    }

    @Test func `what is in force or to come is found by organization`() async throws {
        let server = try await AlertsServer.shared()
        let (laboratory, other) = (server.laboratory(), server.laboratory())
        let (device, soon) = (UUID.v7(), Timestamp.now.adding(.seconds(86_400)))
        let later = Self.once([
            "scope": ["all": true], "starts_at": .string(soon.rfc3339),
            "ends_at": .string(soon.adding(.seconds(60)).rfc3339),
        ])
        for window in [Self.once(["scope": ["device_ids": [.string(device.text)]]]), later] {
            #expect(try await laboratory.client(.admin).post(path, window).status == 201)
        }
        func calendars(at time: Timestamp) async throws -> [UUID: MaintenanceCalendar] {
            try await withClient(server.database.configuration(.alerts)) { client in
                try await MaintenanceWindowStore(database: client, logger: Logger(label: "test")).active(
                    in: [laboratory.organization, other.organization], at: time)
            }
        }
        let now = try await calendars(at: .now)
        #expect(Array(now.keys) == [laboratory.organization])
        let calendar = try #require(now[laboratory.organization])
        #expect(calendar.isSuppressed(device: device, attributes: nil, at: .now))
        #expect(!calendar.isSuppressed(device: .v7(), attributes: nil, at: .now))
        #expect(calendar.isSuppressed(device: .v7(), attributes: nil, at: soon))
        #expect(try await calendars(at: soon.adding(.seconds(60))).isEmpty)
    }

    @Test func `two hundred windows are enough, and those that have ended do not count`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        _ = try await server.query(
            """
            INSERT INTO alerts.maintenance_windows (id, organization_id, name, notes, scope, starts_at, ends_at)
            SELECT gen_random_uuid(), \(laboratory.organization), 'Work', '', '{"all": true}', now() - interval '1 day',
                now() + interval '1 hour' * (CASE WHEN n <= 50 THEN -1 ELSE 1 END)
            FROM generate_series(1, 249) AS n
            """)
        #expect(try await admin.post(path, Self.once()).status == 201)
        #expect(try await admin.post(path, Self.once()).status == 409)
    }

    @Test func `another organization's window is not there`() async throws {
        let server = try await AlertsServer.shared()
        let made = try await server.laboratory().client(.admin).post(path, Self.once())
        let id = try #require(made.json["id"].string)
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.get("\(path)/\(id)").status == 404)
        #expect(try await stranger.delete("\(path)/\(id)").status == 404)
        #expect(try await stranger.get(path).json["items"] == [])
    }
}
