import Postgres
import Testing

@testable import AlertsService

@Suite struct RuleStateTests {
    static let thresholds: [(String, RuleDefinition, [RuleStep])] = [
        (
            "an alert begins, goes on and ends", .above(30),
            [
                .reading(1, 20), .reading(2, 31, .trigger), .reading(3, 35, .count), .reading(4, 30, .resolve),
                .reading(5, 29), .reading(6, 31, .trigger),
            ]
        ),
        (
            "a late or repeated reading is not evaluated", .above(30),
            [
                .reading(10, 31, .trigger), .reading(10, 20), .reading(9, 20), .reading(11, 20, .resolve),
                .reading(11, 40), .reading(5, 40),
            ]
        ),
        (
            "between the threshold and the clear value an open alert stays open, a closed one closed",
            .above(30, clearValue: 28),
            [
                .reading(1, 29), .reading(2, 31, .trigger), .reading(3, 29), .reading(4, 28, .resolve), .reading(5, 29),
            ]
        ),
        (
            "the condition must hold without a break for as long as the rule says", .above(30, holdSeconds: 60),
            [
                .reading(0, 31), .reading(59, 31), .reading(60, 20), .reading(61, 31), .reading(120, 31),
                .reading(121, 31, .trigger),
            ]
        ),
        (
            "it also holds while nothing contradicts", .above(30, holdSeconds: 60),
            [
                .reading(0, 31), .tick(59), .tick(60, .trigger), .tick(500), .reading(501, 20, .resolve),
                .reading(502, 31), .reading(503, 29), .tick(900),
            ]
        ),
        (
            "after an alert the rule is silent until it has cooled down, by this system's clock",
            .above(30, cooldownMinutes: 1),
            [
                .reading(1, 31, .trigger, now: 100), .reading(2, 20, .resolve, now: 101), .reading(300, 31, now: 159),
                .reading(301, 31, .trigger, now: 160),
            ]
        ),
        (
            "what still holds when it has cooled down triggers then", .above(30, cooldownMinutes: 1),
            [
                .reading(1, 31, .trigger), .reading(2, 20, .resolve), .reading(3, 31), .tick(60), .tick(61, .trigger),
            ]
        ),
        (
            "a text is no value", .of(.threshold(sensor: "temperature", .init(.ne, 1), holdSeconds: 0)),
            [.reading(1, .nan), .reading(2, 0, .trigger), .reading(3, .nan), .reading(4, 1, .resolve)]
        ),
        ("a reading of another sensor is none of its business", .above(30), [.reading(1, 31, of: "humidity")]),
        (
            "while nothing may trigger, what holds goes on holding and an open alert may end",
            .above(30, holdSeconds: 60),
            [
                .reading(0, 31, isSuppressed: true), .tick(60, isSuppressed: true),
                .reading(70, 31, isSuppressed: true),
                .tick(80, .trigger), .reading(90, 20, .resolve, isSuppressed: true),
            ]
        ),
    ]

    static let others: [(String, RuleDefinition, [RuleStep])] = [
        (
            "a rate of change goes over half of its window at least",
            .of(.rateOfChange(sensor: "temperature", .init(.gt, 2, clearValue: 1), windowSeconds: 120)),
            [
                .reading(0, 10), .reading(59, 20), .reading(60, 13, .trigger), .reading(120, 13), .reading(180, 14.5),
                .reading(240, 15, .resolve),
            ]
        ),
        (
            "what is older than its window does not count",
            .of(.rateOfChange(sensor: "temperature", .init(.lt, -1), windowSeconds: 60)),
            [
                .reading(0, 100), .reading(61, 0), .reading(100, 0), .reading(121, -2, .trigger),
                .reading(130, -3, .count),
            ]
        ),
        (
            "silence is measured from the newest reading",
            .of(.noData(sensor: "temperature", windowSeconds: 60)),
            [
                .tick(1_000), .reading(1_000, 1), .tick(1_059), .reading(1_059, .nan), .tick(1_118),
                .tick(1_119, .trigger), .tick(2_000), .reading(2_000, 1, .resolve), .reading(1_999, 1), .tick(2_059),
                .tick(2_060, .trigger),
            ]
        ),
        (
            "a device is offline for long enough", .of(.deviceOffline(holdSeconds: 300)),
            [
                .status(0, isOffline: true), .tick(299), .status(299, isOffline: false), .tick(600),
                .status(600, isOffline: true), .tick(900, .trigger), .status(1_000, isOffline: false, .resolve),
                .status(950, isOffline: true), .tick(9_000), .reading(9_001, 1),
            ]
        ),
        (
            "a device is offline", .of(.deviceOffline(holdSeconds: 0)),
            [.status(1, isOffline: true, .trigger), .status(2, isOffline: false, .resolve)]
        ),
        (
            "a battery is low until it is charged", .of(.batteryLow(.init(.lte, 20, clearValue: 40))),
            [
                .battery(1, 21), .battery(2, 20, .trigger), .battery(3, 30), .battery(4, 19, .count), .battery(4, 90),
                .battery(5, 40, .resolve),
            ]
        ),
        (
            "too large a share of the readings is poor",
            .of(
                .dataQuality(
                    sensor: "temperature", .init(grade: .poor, share: .init(.gte, 50), windowSeconds: 300))),
            [
                .reading(1, 1, quality: .bad), .reading(2, 1, quality: .fair), .reading(3, 1, quality: .good),
                .reading(4, .nan, .trigger, quality: .poor), .reading(5, 1, .resolve), .reading(400, 1, quality: .bad),
            ]
        ),
        (
            "all of several conditions", .of(.composite(.hotAndWet(.all), holdSeconds: 0)),
            [
                .reading(1, 31), .reading(2, 60, of: "humidity"), .reading(3, 71, .trigger, of: "humidity"),
                .reading(1, 10), .reading(4, 32, .count), .reading(5, 30, .resolve), .reading(6, 80, of: "humidity"),
            ]
        ),
        (
            "any of several conditions, for a while", .of(.composite(.hotAndWet(.any), holdSeconds: 60)),
            [
                .reading(1, 31), .reading(30, 71, of: "humidity"), .reading(40, 20), .tick(60), .tick(61, .trigger),
                .reading(62, 50, .resolve, of: "humidity"), .reading(61, 99, of: "humidity"),
            ]
        ),
    ]

    @Test(arguments: thresholds + others)
    func follows(_ name: String, _ definition: RuleDefinition, _ steps: [RuleStep]) {
        let rule = Rule(definition)
        var state = RuleState()
        for step in steps {
            let action = state.take(step.observation, of: rule, at: step.now, isSuppressed: step.isSuppressed)
            #expect(action.map(RuleStep.Outcome.init) == step.outcome, "\(name), at \(step.now)")
        }
    }

    @Test func `an alert resolved by hand begins again while the condition holds`() {
        let rule = Rule(.above(30))
        var state = RuleState()
        #expect(state.outcome(of: .reading(1, 31), rule) == .trigger)
        state.isOpen = false
        #expect(state.outcome(of: .reading(2, 31), rule) == .trigger)
    }

    @Test func `silence resolved by hand is not told again before there was a reading`() {
        let rule = Rule(.of(.noData(sensor: "temperature", windowSeconds: 60)))
        var state = RuleState()
        #expect(state.outcome(of: .reading(1, 1), rule) == nil)
        #expect(state.outcome(of: .tick(61), rule) == .trigger)
        state.isOpen = false
        #expect(state.deadline(of: rule) == nil)
        #expect(state.outcome(of: .tick(1_000), rule) == nil)
        #expect(state.outcome(of: .reading(1_001, 1), rule) == nil)
        #expect(state.deadline(of: rule) == .seconds(1_061))
    }

    @Test func `a rule triggers in its hours, by the time of the reading or when they begin`() throws {
        let schedule = try #require(RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), "00:10", "00:20"))
        let rule = Rule(.of(.threshold(sensor: "temperature", .init(.gt, 30), holdSeconds: 60), schedule: schedule))
        var state = RuleState()
        #expect(state.outcome(of: .reading(0, 31), rule) == nil)
        #expect(state.outcome(of: .reading(100, 31), rule) == nil)
        #expect(state.deadline(of: rule) == .seconds(600))
        // However late the tick comes: it stands for that time.
        let action = state.take(.tick, of: rule, at: .seconds(1_300))
        #expect(
            action
                == .trigger(
                    Finding(reading: Reading(time: .seconds(600), value: 31), message: "temperature 31 is above 30")))
        #expect(state.outcome(of: .reading(1_400, 20), rule) == .resolve)
        #expect(state.outcome(of: .reading(1_500, 31), rule) == nil)
        #expect(state.deadline(of: rule) == .seconds(86_400 + 600))
    }

    @Test func `there may be millions of states`() {
        #expect(MemoryLayout<SensorState.Slot>.stride <= 64)
    }

    static let messages: [(RuleDefinition, [RuleStep], Double, String)] = [
        (.above(30), [.reading(1, 31.5)], 31.5, "temperature 31.5 is above 30"),
        (
            .of(.rateOfChange(sensor: "temperature", .init(.gt, 2), windowSeconds: 60)),
            [.reading(0, 10), .reading(45, 12)], 2 / 0.75, "temperature changes by 2.667 a minute, above 2"
        ),
        (
            .of(.noData(sensor: "temperature", windowSeconds: 5_400)), [.reading(0, 1), .tick(6_000)], 5_400,
            "temperature has had no reading for 1 h 30 min"
        ),
        (
            .of(.deviceOffline(holdSeconds: 300)), [.status(0, isOffline: true), .tick(400)], 300,
            "the device has been offline for 5 min"
        ),
        (.of(.deviceOffline(holdSeconds: 0)), [.status(0, isOffline: true)], 0, "the device is offline"),
        (.of(.batteryLow(.init(.lte, 20))), [.battery(1, 12)], 12, "the battery is at 12 %, at or below 20 %"),
        (
            .of(
                .dataQuality(
                    sensor: "temperature", .init(grade: .poor, share: .init(.gte, 50), windowSeconds: 300))),
            [.reading(1, 1), .reading(2, 1, quality: .bad), .reading(3, 1, quality: .bad)], 200.0 / 3,
            "66.7 % of the readings of temperature in 5 min are poor or worse, at or above 50 %"
        ),
        (
            .of(.composite(.hotAndWet(.all), holdSeconds: 0)), [.reading(1, 31), .reading(2, 80, of: "humidity")], 80,
            "temperature 31 is above 30 and humidity 80 is above 70"
        ),
    ]

    @Test(arguments: messages)
    func `says what is wrong`(_ definition: RuleDefinition, _ steps: [RuleStep], _ value: Double, _ message: String) {
        let rule = Rule(definition)
        var state = RuleState()
        let findings = steps.compactMap { step -> Finding? in
            guard case .trigger(let finding) = state.take(step.observation, of: rule, at: step.now) else { return nil }
            return finding
        }
        #expect(findings.map(\.message) == [message])
        #expect(findings.map(\.reading.value) == [value])
    }
}
