import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct RulePageTests {
    private static let list = "/alerts/rules"

    /// What the form of a threshold sends.
    private static let threshold = [
        "kind": "threshold", "name": "Too <hot>", "sensor_type": "temperature", "condition": "gt",
        "threshold_value": "30", "severity": "high", "scope": "all", "enabled": "true",
    ]

    private func make(
        _ browser: Browser, _ changes: [String: String] = [:], _ more: [(String, String)] = []
    ) async throws -> TestHTTPResponse {
        let fields = Self.threshold.merging(changes) { $1 }.filter { !$0.value.isEmpty }
        return try await browser.submit(
            "\(Self.list)/new", fields.map { ($0, $1) } + more,
            from: "\(Self.list)/new?kind=\(fields["kind"] ?? "threshold")")
    }

    @Test func `the editor makes a rule, which the list tells of`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        let page = try await admin.landing(
            try await make(admin, ["for_s": "300", "cooldown_minutes": "10", "clear_value": "28.5"])
        ).text
        #expect(page.contains("The rule has been made.") && page.contains("<h1>Too &lt;hot&gt;</h1>"))
        #expect(page.contains("temperature above 30 for 5 min"))
        let rule = try await laboratory.client(.viewer).get("/api/v1/alerts/rules").json["items"][0]
        #expect(rule["name"] == "Too <hot>" && rule["threshold_value"] == 30 && rule["clear_value"] == 28.5)
        #expect(rule["for_s"] == 300 && rule["cooldown_minutes"] == 10 && rule["enabled"] == true)

        let list = try await laboratory.browser(.viewer).get(Self.list).text
        #expect(list.contains("Too &lt;hot&gt;") && list.contains("tells nobody") && list.contains("all devices"))
        // A viewer writes none.
        #expect(!list.contains("/alerts/rules/new") && !list.contains("Delete"))
    }

    @Test(arguments: RuleKind.Name.allCases)
    func `each kind has a form with its fields, which is shown again as it was saved`(kind: RuleKind.Name) async throws
    {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        #expect(try await admin.get("\(Self.list)/new").text.contains("/alerts/rules/new?kind=\(kind.rawValue)"))
        let own: [RuleKind.Name: [String: String]] = [
            .threshold: [:], .rateOfChange: ["window_s": "600"],
            .noData: ["window_s": "900", "condition": "", "threshold_value": ""],
            .deviceOffline: ["for_s": "60", "sensor_type": "", "condition": "", "threshold_value": ""],
            .batteryLow: ["threshold_value": "20", "sensor_type": "", "condition": ""],
            .dataQuality: ["quality": "poor", "threshold_value": "25", "condition": ""],
            .composite: ["match": "any", "sensor_type": "", "condition": "", "threshold_value": ""],
        ]
        let form = try await admin.get("\(Self.list)/new?kind=\(kind.rawValue)").text
        for (field, kinds) in RuleInput.meanings where field != "conditions" {
            // Only comparisons have an upper value.
            guard field != "threshold_value_high" else { continue }
            #expect(form.contains("name=\"\(field)\"") == kinds.contains(kind), "\(field)")
        }
        let rows = [("temperature", "gt", "30"), ("", "gt", ""), ("humidity", "outside", "20")].flatMap {
            [
                ("conditions.sensor_type", $0.0), ("conditions.condition", $0.1), ("conditions.threshold_value", $0.2),
                ("conditions.threshold_value_high", $0.1 == "outside" ? "60" : ""), ("conditions.clear_value", ""),
            ]
        }
        let made = try await make(
            admin, (own[kind] ?? [:]).merging(["kind": kind.rawValue]) { $1 }, kind == .composite ? rows : [])
        #expect(made.status == 303, "\(made)")
        let rule = try await laboratory.client(.viewer).get("/api/v1/alerts/rules").json["items"][0]
        #expect(rule["kind"].string == kind.rawValue)
        if kind == .composite { #expect(rule["conditions"].array?.count == 2) }

        // Saved as it is shown, it stays as it is.
        let path = "\(Self.list)/\(rule["id"].string ?? "")"
        let shown = try await admin.get(path).text
        #expect(shown.contains("name=\"version\" value=\"1\""))
        if kind == .composite { #expect(shown.contains("value=\"humidity\"") && shown.contains("value=\"60\"")) }
    }

    @Test func `hours, bounds of single devices, reminders and channels are taken, and shown`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = try await laboratory.register(named: "Freezer: 3")
        let channel = try await laboratory.makeChannel("https://example.org/hook")
        let admin = try await laboratory.browser(.admin)
        let made = try await make(
            admin,
            [
                "scheduled": "true", "schedule.from": "08:00", "schedule.to": "17:00",
                "schedule.time_zone": "Europe/Berlin", "overrides": "Freezer: 3: 8 clear 6\r\n", "raise_after_s": "600",
                "escalation.0.after_s": "900", "escalation.0.channel_ids": channel, "scope": "devices",
                "scope.device_ids": device.text,
            ], [("schedule.days", "mon"), ("schedule.days", "tue")])
        let page = try await admin.landing(made).text
        let rule = try await laboratory.client(.viewer).get("/api/v1/alerts/rules").json["items"][0]
        #expect(rule["schedule"]["days"] == ["mon", "tue"] && rule["schedule"]["time_zone"] == "Europe/Berlin")
        #expect(rule["overrides"][0]["device_id"].string == device.text)
        #expect(rule["overrides"][0]["threshold_value"] == 8 && rule["overrides"][0]["clear_value"] == 6)
        #expect(rule["raise_after_s"] == 600 && rule["escalation"][0]["after_s"] == 900)
        #expect(rule["scope"]["device_ids"] == [.string(device.text)])
        #expect(page.contains("Freezer: 3: 8 clear 6") && page.contains("value=\"Europe/Berlin\""))
        #expect(page.contains("<option value=\"\(channel)\" selected>"))
    }

    @Test func `a project is chosen among those of the organization, and called by its name`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let project = try await laboratory.makeProject(named: "Yeast & <hops>")
        _ = try await server.laboratory().makeProject(named: "Not theirs")
        let admin = try await laboratory.browser(.admin)
        let form = try await admin.get("\(Self.list)/new?kind=threshold").text
        #expect(form.contains("<option value=\"\(project.text)\">Yeast &amp; &lt;hops&gt;</option>"))
        #expect(!form.contains("Not theirs"))
        let made = try await make(admin, ["scope": "project", "scope.project_id": project.text])
        let page = try await admin.landing(made).text
        #expect(page.contains("<dd>the devices of the project Yeast &amp; &lt;hops&gt;</dd>"))
        #expect(page.contains("<option value=\"\(project.text)\" selected>"))
        let rule = try await laboratory.client(.viewer).get("/api/v1/alerts/rules").json["items"][0]
        #expect(rule["scope"] == ["project_id": .string(project.text)])
        #expect(try await laboratory.browser(.viewer).get(Self.list).text.contains("the project Yeast"))

        // Its project may go before the rule does.
        _ = try await server.query("DELETE FROM core.entities WHERE id = \(project)")
        let left = try await admin.get("\(Self.list)/\(rule["id"].string ?? "")").text
        #expect(left.contains("<dd>the devices of a project</dd>"))
        #expect(left.contains("<option value=\"\(project.text)\" selected>"))
    }

    @Test func `few devices are called by their names, and many are counted`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        var devices: [JSONValue] = []
        for name in ["Oven", "Autoclave", "Bath", "Cryostat"] {
            devices.append(.string(try await laboratory.register(named: name).text))
        }
        let few = try await laboratory.makeRule(["scope": ["device_ids": .array(Array(devices.prefix(2)))]])
        let many = try await laboratory.makeRule(["scope": ["device_ids": .array(devices)]])
        let viewer = try await laboratory.browser(.viewer)
        #expect(try await viewer.get("\(Self.list)/\(few)").text.contains("<dd>Autoclave, Oven</dd>"))
        #expect(try await viewer.get("\(Self.list)/\(many)").text.contains("<dd>4 devices</dd>"))
    }

    @Test(arguments: [
        ("name", "", "rule-name-error"), ("threshold_value", "warm", "rule-threshold_value-error"),
        ("threshold_value", "", "rule-threshold_value-error"), ("clear_value", "31", "rule-clear_value-error"),
        ("condition", "between", "rule-threshold_value_high-error"), ("for_s", "-1", "rule-for_s-error"),
        ("for_s", "1.5", "rule-for_s-error"), ("sensor_type", "", "rule-sensor_type-error"),
        ("cooldown_minutes", "1000000", "rule-cooldown_minutes-error"), ("scope", "devices", "rule-devices-error"),
        ("scope", "project", "rule-project-error"), ("scope", "tags", "rule-tags-error"),
        ("overrides", "Nothing: 8", "rule-overrides-error"),
        ("overrides", "no bounds", "rule-overrides-error"), ("raise_after_s", "1", "rule-raise_after_s-error"),
    ])
    func `what is wrong is said at its field, with what was typed`(
        field: String, value: String, id: String
    ) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        let page = try await make(admin, [field: value])
        #expect(page.status == 422)
        #expect(page.text.contains("id=\"\(id)\""), "\(page)")
        #expect(field == "name" || page.text.contains("value=\"Too &lt;hot&gt;\""))
        #expect(try await laboratory.client(.viewer).get("/api/v1/alerts/rules").json["items"] == [])
    }

    @Test func `conditions that contradict each other are refused, and a row's fault is said in the row`() async throws
    {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        func submit(_ value: String) async throws -> TestHTTPResponse {
            let rows = [("temperature", "gt", "30"), ("temperature", "lt", value)].flatMap {
                [
                    ("conditions.sensor_type", $0.0), ("conditions.condition", $0.1),
                    ("conditions.threshold_value", $0.2), ("conditions.threshold_value_high", ""),
                    ("conditions.clear_value", ""),
                ]
            }
            let changes = [
                "kind": "composite", "match": "all", "sensor_type": "", "condition": "", "threshold_value": "",
            ]
            return try await make(admin, changes, rows)
        }
        let contradiction = try await submit("20")
        #expect(contradiction.status == 422 && contradiction.text.contains("can never all be met"))
        let wrong = try await submit("cold")
        #expect(wrong.status == 422 && wrong.text.contains("id=\"rule-condition-1-threshold_value-error\""))
        #expect(!wrong.text.contains("id=\"rule-condition-0-threshold_value-error\""))
    }

    @Test func `a rule is changed where nobody has changed it meanwhile, switched off and deleted`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let id = try await laboratory.makeRule()
        let (path, admin) = ("\(Self.list)/\(id)", try await laboratory.browser(.admin))
        let fields = Self.threshold.merging(["threshold_value": "35", "version": "1"]) { $1 }.map { ($0, $1) }
        let saved = try await admin.submit(path, fields, from: path)
        #expect(try await admin.landing(saved).text.contains("temperature above 35"))
        let late = try await admin.submit(path, fields, from: path)
        #expect(late.status == 412 && late.text.contains("Somebody has changed the rule"))

        let disabled = try await admin.submit("\(path)/enabled", [("enabled", "false"), ("from", "list")], from: path)
        #expect(try await admin.landing(disabled).text.contains("The rule is disabled."))
        let unsure = try await admin.submit("\(path)/delete", from: path)
        #expect(unsure.status == 422 && unsure.text.contains("must be ticked"))
        let deleted = try await admin.submit("\(path)/delete", [("confirmed", "yes")], from: path)
        #expect(try await admin.landing(deleted).text.contains("The rule has been deleted"))
        #expect(try await admin.get(path).status == 404)
    }

    @Test func `a rule is not tested while past readings cannot be had, and one without readings never`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        _ = try await laboratory.register()
        let path = "\(Self.list)/\(try await laboratory.makeRule())"
        let page = try await admin.submit("\(path)/test", from: path)
        #expect(page.status == 503 && page.text.contains("Past readings cannot be read just now."), "\(page)")
        let offline = try await laboratory.makeRule([
            "kind": "device_offline", "sensor_type": nil, "condition": nil, "threshold_value": nil,
        ])
        let refused = try await admin.submit("\(Self.list)/\(offline)/test", from: "\(Self.list)/\(offline)")
        #expect(refused.status == 409)
    }

    @Test func `another organization's rule has no page`() async throws {
        let server = try await AlertsServer.shared()
        let id = try await server.laboratory().makeRule()
        let admin = try await server.laboratory().browser(.owner)
        #expect(try await admin.get("\(Self.list)/\(id)").status == 404)
        for form in ["", "/enabled", "/test", "/delete"] {
            let fields = Self.threshold.merging(["confirmed": "yes", "version": "1"]) { $1 }.map { ($0, $1) }
            let response = try await admin.submit("\(Self.list)/\(id)\(form)", fields, from: "/alerts")
            #expect(response.status == 404, "\(form): \(response)")
        }
    }
}
