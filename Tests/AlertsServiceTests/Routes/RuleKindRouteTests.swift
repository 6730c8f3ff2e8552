import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

/// Rules of every kind, and what else a rule may say.
@Suite struct RuleKindRouteTests {
    private static let path = "/api/v1/alerts/rules"
    private static let device = "01900000-0000-7000-8000-00000000000a"

    private static let hot: JSONValue = ["sensor_type": "temperature", "condition": "gt", "threshold_value": 30]
    private static let cold: JSONValue = ["sensor_type": "temperature", "condition": "lt", "threshold_value": 20]
    private static let wet: JSONValue = ["sensor_type": "humidity", "condition": "gte", "threshold_value": 70]
    private static let hours: [String: JSONValue] = [
        "time_zone": "Europe/Berlin", "days": ["mon", "sun"], "from": "22:00", "to": "06:00",
    ]

    /// A rule without what belongs to the kind `threshold`.
    private static func bare(_ kind: JSONValue, _ fields: [String: JSONValue]) -> JSONValue {
        let none: [String: JSONValue] = ["kind": kind, "sensor_type": nil, "condition": nil, "threshold_value": nil]
        return .rule(none.merging(fields) { $1 })
    }

    static let kinds: [JSONValue] = [
        bare(
            "rate_of_change",
            [
                "sensor_type": "t", "condition": "outside", "threshold_value": -2, "threshold_value_high": 2,
                "window_s": 60,
            ]),
        bare("no_data", ["sensor_type": "t", "window_s": 604_800]),
        bare("device_offline", ["for_s": 300]),
        bare("battery_low", ["threshold_value": 15, "clear_value": 30]),
        bare("data_quality", ["sensor_type": "t", "threshold_value": 50, "quality": "fair", "window_s": 10]),
        bare("composite", ["match": "any", "conditions": [hot, wet], "for_s": 60]),
        .rule([
            "schedule": .object(hours), "raise_after_s": 600, "repeat_after_s": 900,
            "overrides": [["device_id": .string(device), "threshold_value": 35, "clear_value": 33.5]],
        ]),
    ]

    @Test(arguments: kinds)
    func `a rule is answered as it was written, and may be written back`(_ rule: JSONValue) async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let made = try await admin.post(Self.path, rule)
        #expect(made.status == 201, "\(made)")
        for (name, value) in rule.object ?? [:] { #expect(made.json[name] == value, "\(name)") }
        let place = try #require(made.header("location"))
        #expect(try await admin.get(place).json == made.json)
        #expect(try await admin.get(Self.path).json["items"] == [made.json])
        let again = try await admin.put(place, made.json)
        #expect(again.status == 200, "\(again)")
        for (name, value) in rule.object ?? [:] { #expect(again.json[name] == value, "\(name)") }
    }

    @Test func `what is left out has its default`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let quality = try await admin.post(
            Self.path, Self.bare("data_quality", ["sensor_type": "t", "threshold_value": 5])
        ).json
        #expect(quality["quality"] == "poor" && quality["window_s"] == 300)
        let composite = try await admin.post(Self.path, Self.bare("composite", ["conditions": [Self.hot, Self.wet]]))
            .json
        #expect(composite["match"] == "all" && composite["sensor_type"].isNull && composite["for_s"] == 0)
        #expect(composite["overrides"] == [] && composite["escalation"] == [])
    }

    static let mistakes: [(String, JSONValue, String)] = [
        ("no window", bare("no_data", ["sensor_type": "t"]), "window_s"),
        ("too short a window", bare("no_data", ["sensor_type": "t", "window_s": 9]), "window_s"),
        ("too long a window", bare("no_data", ["sensor_type": "t", "window_s": 604_801]), "window_s"),
        ("no sensor", bare("no_data", ["window_s": 60]), "sensor_type"),
        ("a sensor of a device", bare("device_offline", ["sensor_type": "t"]), "sensor_type"),
        (
            "a threshold of silence", bare("no_data", ["sensor_type": "t", "window_s": 60, "threshold_value": 1]),
            "threshold_value"
        ),
        ("a time of a rate", .rule(["kind": "rate_of_change", "for_s": 5]), "for_s"),
        ("a window of a threshold", .rule(["window_s": 60]), "window_s"),
        ("more than a full battery", bare("battery_low", ["threshold_value": 101]), "threshold_value"),
        (
            "a battery that clears too early", bare("battery_low", ["threshold_value": 20, "clear_value": 10]),
            "clear_value"
        ),
        ("a comparison of a battery", bare("battery_low", ["threshold_value": 20, "condition": "gt"]), "condition"),
        (
            "an unknown grade", bare("data_quality", ["sensor_type": "t", "threshold_value": 5, "quality": "worse"]),
            "quality"
        ),
        (
            "good readings", bare("data_quality", ["sensor_type": "t", "threshold_value": 5, "quality": "good"]),
            "quality"
        ),
        ("no share", bare("data_quality", ["sensor_type": "t", "threshold_value": 0]), "threshold_value"),
        ("no conditions", bare("composite", [:]), "conditions"),
        ("one condition", bare("composite", ["conditions": [hot]]), "conditions"),
        (
            "eleven conditions", bare("composite", ["conditions": .array(Array(repeating: hot, count: 11))]),
            "conditions"
        ),
        ("an unknown match", bare("composite", ["match": "none", "conditions": [hot, wet]]), "match"),
        (
            "a condition without a sensor",
            bare("composite", ["conditions": [hot, ["condition": "gt", "threshold_value": 1]]]),
            "conditions[1].sensor_type"
        ),
        (
            "a condition upside down",
            bare(
                "composite",
                [
                    "conditions": [
                        wet,
                        ["sensor_type": "t", "condition": "between", "threshold_value": 2, "threshold_value_high": 1],
                    ]
                ]),
            "conditions[1].threshold_value_high"
        ),
        ("what no value meets", bare("composite", ["conditions": [hot, cold]]), "conditions"),
        (
            "what every value meets",
            bare(
                "composite",
                [
                    "match": "any",
                    "conditions": [hot, ["sensor_type": "temperature", "condition": "lte", "threshold_value": 30]],
                ]),
            "conditions"
        ),
        ("an unknown zone", scheduled(["time_zone": "Europe/Atlantis"]), "schedule.time_zone"),
        ("an offset for a zone", scheduled(["time_zone": "GMT+2"]), "schedule.time_zone"),
        ("no days", scheduled(["days": []]), "schedule.days"),
        ("an unknown day", scheduled(["days": ["someday"]]), "schedule.days"),
        ("no time of day", scheduled(["from": "25:00"]), "schedule.from"),
        ("hours from the end of the day", scheduled(["from": "24:00"]), "schedule.from"),
        ("no hours", scheduled(["to": "22:00"]), "schedule.to"),
        (
            "half a schedule", .rule(["schedule": ["time_zone": "UTC", "days": ["mon"], "from": "08:00"]]),
            "schedule.to"
        ),
        ("own bounds twice", overridden([["threshold_value": 1], ["threshold_value": 2]]), "overrides[1].device_id"),
        (
            "own bounds without an end",
            overridden([["threshold_value": 1]], ["condition": "between", "threshold_value_high": 31]),
            "overrides[0].threshold_value_high"
        ),
        (
            "own bounds that clear above", overridden([["threshold_value": 1, "clear_value": 2]]),
            "overrides[0].clear_value"
        ),
        (
            "own bounds of another device",
            overridden([["threshold_value": 1]], ["scope": ["device_ids": ["01900000-0000-7000-8000-00000000000b"]]]),
            "overrides[0].device_id"
        ),
        (
            "own bounds of silence",
            bare(
                "no_data",
                [
                    "sensor_type": "t", "window_s": 60,
                    "overrides": [["device_id": .string(device), "threshold_value": 1]],
                ]),
            "overrides"
        ),
        ("a rise at once", .rule(["raise_after_s": 59]), "raise_after_s"),
        ("a repetition after a month", .rule(["repeat_after_s": 2_592_000]), "repeat_after_s"),
        ("steps that go back", escalated([(600, ["a"]), (600, ["b"])]), "escalation[1].after_s"),
        ("a channel in two steps", escalated([(600, ["a"]), (900, ["b", "a"])]), "escalation[1].channel_ids"),
        (
            "a step to a channel that is told again and again",
            escalated([(600, ["a"])], ["channel_ids": [.string(channel("a"))], "repeat_after_s": 600]),
            "escalation[0].channel_ids"
        ),
        ("a channel twice in a step", escalated([(600, ["a", "a"])]), "escalation[0].channel_ids"),
        ("a step that tells nobody", escalated([(600, [])]), "escalation[0].channel_ids"),
        ("a step at once", escalated([(5, ["a"])]), "escalation[0].after_s"),
        ("six steps", escalated((1...6).map { (600 * $0, ["\($0)"]) }), "escalation"),
        ("a step to a channel that is not there", escalated([(600, ["a"])]), "escalation[0].channel_ids"),
    ]

    @Test(arguments: mistakes)
    func `what makes no sense is refused with its field`(
        _ name: String, _ rule: JSONValue, _ field: String
    ) async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let answer = try await admin.post(Self.path, rule)
        #expect(answer.status == 422, "\(name): \(answer)")
        #expect(answer.json["errors"][0]["field"].string == field, "\(name): \(answer)")
        #expect(try await admin.get(Self.path).json["items"] == [])
    }

    @Test func `a thousand devices may have their own bounds, and no more`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let overrides = (0...1_000).map { _ -> JSONValue in
            ["device_id": .string(UUID.v7().text), "threshold_value": 35]
        }
        let refused = try await admin.post(Self.path, .rule(["overrides": .array(overrides)]))
        #expect(refused.json["errors"][0]["field"] == "overrides")
        let made = try await admin.post(Self.path, .rule(["overrides": .array(Array(overrides.dropLast()))]))
        #expect(made.status == 201 && made.json["overrides"].array?.count == 1_000)
    }

    @Test func `steps of an escalation name channels that there are`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let channel = try await admin.post(
            "/api/v1/alerts/channels", ["name": "Hook", "type": "webhook", "url": "http://127.0.0.1:1/"])
        let escalation: JSONValue = [["after_s": 600, "channel_ids": [channel.json["id"]]]]
        let made = try await admin.post(Self.path, .rule(["escalation": escalation]))
        #expect(made.status == 201 && made.json["escalation"] == escalation)
    }

    @Test func `a composite rule is evaluated over the sensors of a device`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        let made = try await admin.post(Self.path, Self.bare("composite", ["conditions": [Self.hot, Self.wet]]))
        #expect(made.status == 201)
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31), (2, 32)])
        try await laboratory.settle(device)
        try await laboratory.send(device, [(3, 75)], sensor: "humidity")
        let alert = try await laboratory.alert(device, status: "active")
        #expect(alert["message"] == "temperature 32 is above 30 and humidity 75 is at or above 70")
        #expect(alert["sensor_type"].isNull && alert["threshold_value"].isNull && alert["condition"].isNull)
        try await laboratory.send(device, [(4, 29)])
        _ = try await laboratory.alert(device, status: "resolved")
    }

    private static func scheduled(_ changes: [String: JSONValue]) -> JSONValue {
        .rule(["schedule": .object(hours.merging(changes) { $1 })])
    }

    /// Bounds of one and the same device.
    private static func overridden(_ bounds: [[String: JSONValue]], _ changes: [String: JSONValue] = [:]) -> JSONValue {
        let overrides = bounds.map { JSONValue.object($0.merging(["device_id": .string(device)]) { $1 }) }
        return .rule(changes.merging(["overrides": .array(overrides)]) { $1 })
    }

    /// - Parameter steps: When, and the last digits of the ids of channels.
    private static func escalated(
        _ steps: [(Int, [String])], _ changes: [String: JSONValue] = [:]
    ) -> JSONValue {
        let steps = steps.map { after, channels -> JSONValue in
            ["after_s": .number(Double(after)), "channel_ids": .array(channels.map { .string(channel($0)) })]
        }
        return .rule(changes.merging(["escalation": .array(steps)]) { $1 })
    }

    private static func channel(_ digit: String) -> String { "01900000-0000-7000-8000-00000000000\(digit)" }
}
