import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct MaintenancePageTests {
    private static let path = "/alerts/maintenance"

    /// What the form of a window in every week sends.
    private static let weekly = [
        "name": "Cleaning", "notes": "Filters", "period": "weekly", "recurring.from": "16:00", "recurring.to": "18:00",
        "recurring.time_zone": "Europe/Berlin", "recurring.days": "fri", "scope": "all",
    ]

    private func submit(
        _ browser: Browser, _ changes: [String: String] = [:], _ more: [(String, String)] = []
    ) async throws -> TestHTTPResponse {
        let fields = Self.weekly.merging(changes) { $1 }.filter { !$0.value.isEmpty }
        return try await browser.submit(Self.path, fields.map { ($0, $1) } + more, from: Self.path)
    }

    private func windows(of laboratory: Laboratory) async throws -> [JSONValue] {
        try await laboratory.client(.viewer).get("/api/v1/alerts/maintenance-windows").json["items"].array ?? []
    }

    @Test func `a maintenance window is made, checked and deleted`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        func submit(_ start: String, _ end: String) async throws -> TestHTTPResponse {
            try await admin.submit(
                Self.path, [("name", "Defrost <all>"), ("period", "once"), ("starts_at", start), ("ends_at", end)],
                from: Self.path)
        }
        for (start, end, id) in [
            ("2099-01-02T08:00", "2099-01-01T08:00", "window-end-error"), ("soon", "", "window-start-error"),
            ("", "2099-01-01T08:00", "window-start-error"),
        ] {
            let page = try await submit(start, end)
            #expect(page.status == 422 && page.text.contains("id=\"\(id)\""), "\(page)")
        }
        let made = try await admin.landing(try await submit("2099-01-01T08:00", "2099-01-01T10:00:00")).text
        #expect(made.contains("Defrost &lt;all&gt;") && made.contains("2099-01-01 08:00 to 2099-01-01 10:00 UTC"))
        #expect(made.contains("<span class=\"badge pending\">to come</span>"))
        #expect(!(try await laboratory.browser(.viewer).get(Self.path).text.contains("Make the window")))
        let delete = "\(Self.path)/\(try await windows(of: laboratory)[0]["id"].string ?? "")/delete"
        let other = try await AlertsServer.shared().laboratory().browser(.owner)
        #expect(try await other.submit(delete, from: Self.path).status == 404)
        let deleted = try await admin.submit(delete, from: Self.path)
        #expect(try await admin.landing(deleted).text.contains("has been deleted"))
    }

    @Test(arguments: [
        ("2030-07-01T08:00", "2030-07-01T10:00", "2030-07-01T06:00:00Z", "2030-07-01T08:00:00Z"),
        // What clocks show twice is all of it.
        ("2030-10-27T02:30", "2030-10-27T02:30", "2030-10-27T00:30:00Z", "2030-10-27T01:30:00Z"),
    ])
    func `a window is typed and shown in the local times of its zone`(
        _ start: String, _ end: String, _ startsAt: String, _ endsAt: String
    ) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        let fields = ["period": "once", "starts_at": start, "ends_at": end, "time_zone": "Europe/Berlin"]
        let page = try await admin.landing(try await submit(admin, fields)).text
        let shown = [start, end].map { $0.replacing("T", with: " ") }
        #expect(page.contains("\(shown[0]) to \(shown[1]) Europe/Berlin · all devices"), "\(page)")
        let window = try #require(try await windows(of: laboratory).first)
        #expect(window["starts_at"].string.flatMap { Timestamp($0) } == Timestamp(startsAt))
        #expect(window["ends_at"].string.flatMap { Timestamp($0) } == Timestamp(endsAt))
        #expect(window["time_zone"] == "Europe/Berlin")
    }

    @Test(arguments: [
        ("Europe/Berlin", "2030-03-31T02:30", "window-start-error"),
        ("Mars/Olympus", "2030-01-01T08:00", "window-zone-error"),
        ("", "2030-01-01T08:00", "window-zone-error"),
    ])
    func `a local time that there is not is refused, with what was typed`(
        _ zone: String, _ start: String, _ id: String
    ) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let page = try await laboratory.browser(.admin).submit(
            Self.path,
            [
                ("name", "Defrost"), ("period", "once"), ("starts_at", start), ("ends_at", "2030-04-01T08:00"),
                ("time_zone", zone),
            ], from: Self.path)
        #expect(page.status == 422 && page.text.contains("id=\"\(id)\""), "\(page)")
        #expect(page.text.contains("value=\"\(zone)\"") && page.text.contains("value=\"\(start)\""))
        #expect(try await windows(of: laboratory).isEmpty)
    }

    @Test func `a window comes again every week, on the days and in the hours that are chosen`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        // What is for the other choice does not count.
        let made = try await submit(admin, ["starts_at": "soon"], [("recurring.days", "mon")])
        let page = try await admin.landing(made).text
        #expect(page.contains("every mon, fri 16:00 to 18:00 Europe/Berlin · all devices"), "\(page)")
        let window = try #require(try await windows(of: laboratory).first)
        #expect(window["starts_at"].isNull && window["notes"] == "Filters" && window["scope"] == ["all": true])
        #expect(window["recurring"]["days"] == ["mon", "fri"] && window["recurring"]["to"] == "18:00")
    }

    @Test(arguments: [
        ("name", "", "window-name-error"), ("recurring.days", "", "window-days-error"),
        ("recurring.days", "caturday", "window-days-error"), ("recurring.from", "late", "window-from-error"),
        ("recurring.to", "16:00", "window-to-error"), ("recurring.time_zone", "Mars/Olympus", "window-time_zone-error"),
        ("scope", "devices", "window-devices-error"), ("scope", "tags", "window-tags-error"),
        ("scope", "project", "window-project-error"),
    ])
    func `what is wrong is said at its field, with what was typed`(
        field: String, value: String, id: String
    ) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let page = try await submit(try await laboratory.browser(.admin), [field: value])
        #expect(page.status == 422 && page.text.contains("id=\"\(id)\""), "\(page)")
        #expect(page.text.contains("<option value=\"weekly\" selected>"))
        #expect(field == "recurring.time_zone" || page.text.contains("value=\"Europe/Berlin\""))
        #expect(field == "recurring.days" || page.text.contains("value=\"fri\" checked"))
        #expect(field != "scope" || page.text.contains("<option value=\"\(value)\" selected>"))
        #expect(try await windows(of: laboratory).isEmpty)
    }

    @Test func `hours that never end are refused`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let days = RuleSchedule.Weekday.allCases.map { ("recurring.days", $0.rawValue) }
        let page = try await submit(
            try await laboratory.browser(.admin),
            ["recurring.days": "", "recurring.from": "00:00", "recurring.to": "24:00"], days)
        #expect(page.status == 422 && page.text.contains("The hours must leave some time"), "\(page)")
    }

    @Test func `a window is for the devices, tags or project that are chosen`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = try await laboratory.register(named: "Hood")
        let project = try await laboratory.makeProject(named: "Moss")
        let admin = try await laboratory.browser(.admin)
        for (fields, scope, sentence) in [
            (["scope": "devices", "scope.device_ids": device.text], ["device_ids": [.string(device.text)]], "Hood"),
            (["scope": "tags", "scope.tags": "wet, cold"], ["tags": ["cold", "wet"]], "devices tagged cold or wet"),
            (
                ["scope": "project", "scope.project_id": project.text], ["project_id": .string(project.text)],
                "the devices of the project Moss"
            ),
        ] as [([String: String], JSONValue, String)] {
            let page = try await admin.landing(try await submit(admin, fields)).text
            #expect(page.contains("Europe/Berlin · \(sentence)</p>"), "\(page)")
            #expect(try await windows(of: laboratory).contains { $0["scope"] == scope })
        }
    }
}
