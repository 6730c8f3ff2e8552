import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// What holds of every rule, whatever it observes.
@Suite struct RuleStatePropertyTests {
    static let definitions: [RuleDefinition] = [
        .above(5), .above(5, clearValue: 3, cooldownMinutes: 1), .above(5, holdSeconds: 20, cooldownMinutes: 2),
        .of(.rateOfChange(sensor: "temperature", .init(.gt, 4, clearValue: 1), windowSeconds: 60), cooldownMinutes: 1),
        .of(.rateOfChange(sensor: "temperature", .init(.outside, -3, high: 3), windowSeconds: 3_600)),
        .of(.noData(sensor: "temperature", windowSeconds: 40), cooldownMinutes: 1),
        .of(.deviceOffline(holdSeconds: 0)), .of(.deviceOffline(holdSeconds: 30), cooldownMinutes: 1),
        .of(.batteryLow(.init(.lte, 4, clearValue: 6))),
        .of(.dataQuality(sensor: "temperature", .init(grade: .poor, share: .init(.gte, 40), windowSeconds: 90))),
        .of(.composite(.hotAndWet(.all).lowered, holdSeconds: 0)),
        .of(.composite(.hotAndWet(.any).lowered, holdSeconds: 15), cooldownMinutes: 1),
        .of(
            .threshold(sensor: "temperature", .init(.gt, 5), holdSeconds: 10),
            schedule: RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), "00:10", "00:30")),
    ]

    static let cases = definitions.indices.flatMap { index in (0..<20).map { (index, UInt64($0)) } }

    @Test(arguments: cases)
    func `an alert begins before it goes on or ends, and ends before another begins`(_ index: Int, _ seed: UInt64) {
        let rule = Rule(Self.definitions[index])
        var state = RuleState()
        var isOpen = false
        for step in Self.steps(seed) {
            switch state.outcome(of: step, rule) {
            case .trigger:
                #expect(!isOpen && !step.isSuppressed)
                isOpen = true
            case .count: #expect(isOpen)
            case .resolve:
                #expect(isOpen)
                isOpen = false
            case nil: break
            }
            #expect(state.isOpen == isOpen)
        }
    }

    @Test(arguments: cases)
    func `a state that was stored and read goes on like one that was not`(_ index: Int, _ seed: UInt64) throws {
        let rule = Rule(Self.definitions[index])
        var (kept, stored) = (RuleState(), RuleState())
        for step in Self.steps(seed) {
            let action = kept.take(step.observation, of: rule, at: step.now, isSuppressed: step.isSuppressed)
            stored = try JSONDecoder().decode(RuleState.self, from: JSONEncoder().encode(stored))
            #expect(
                stored.take(step.observation, of: rule, at: step.now, isSuppressed: step.isSuppressed) == action)
            #expect(stored == kept)
            #expect(stored.deadline(of: rule) == kept.deadline(of: rule))
        }
    }

    @Test(arguments: cases)
    func `what was observed already changes nothing`(_ index: Int, _ seed: UInt64) {
        let rule = Rule(Self.definitions[index])
        var state = RuleState()
        let steps = Self.steps(seed)
        for step in steps { _ = state.outcome(of: step, rule) }
        let before = state
        for step in steps where step.observation != .tick { #expect(state.outcome(of: step, rule) == nil) }
        #expect(state == before)
    }

    @Test(arguments: cases)
    func `a tick does nothing before the deadline, and triggers at it`(_ index: Int, _ seed: UInt64) {
        let rule = Rule(Self.definitions[index])
        var state = RuleState()
        for step in Self.steps(seed) {
            _ = state.outcome(of: step, rule)
            var (early, due) = (state, state)
            guard let deadline = state.deadline(of: rule) else {
                #expect(early.take(.tick, of: rule, at: .seconds(1_000_000)) == nil)
                #expect(early == state)
                continue
            }
            #expect(early.take(.tick, of: rule, at: deadline.adding(.microseconds(-1))) == nil)
            #expect(early == state)
            guard case .trigger(let finding) = due.take(.tick, of: rule, at: deadline) else {
                Issue.record("nothing at the deadline")
                continue
            }
            #expect(finding.reading.time == deadline)
            #expect(rule.definition.schedule?.isActive(at: deadline) ?? true)
            #expect(due.deadline(of: rule) == nil)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a rate of change remembers little, however fast readings come`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var window = RateWindow()
        var time: Int64 = 0
        for _ in 0..<2_000 {
            time += Int64.random(in: 1...2_000_000, using: &random)
            let reading = Reading(time: Timestamp(microseconds: time), value: Double(time) / 1_000_000)
            let length = Duration.seconds(Int.random(in: 0..<100, using: &random) == 0 ? 60 : 600)
            // It rises by 60 a minute throughout.
            if let change = window.changePerMinute(to: reading, over: length) { #expect(abs(change - 60) < 1e-6) }
            #expect(window.samples.count <= RateWindow.mostSamples)
        }
    }

    /// Observations of every sort: some come late, some again, and the clock never goes back.
    private static func steps(_ seed: UInt64) -> [RuleStep] {
        var random = SplitMix64(seed: seed)
        var now: Int64 = 0
        return (0..<200).map { _ in
            now += Int64.random(in: 0...20, using: &random)
            let time = now - max(0, Int64.random(in: -20...20, using: &random))
            let value = Double(Int.random(in: 0...10, using: &random))
            let isSuppressed = Int.random(in: 0..<10, using: &random) == 0
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                let quality = Quality.allCases.randomElement(using: &random) ?? .good
                return .reading(time, value, quality: quality, now: now, isSuppressed: isSuppressed)
            case 4...5: return .reading(time, value, of: "humidity", now: now, isSuppressed: isSuppressed)
            case 6:
                return RuleStep(
                    observation: .status(isOffline: value > 5, at: .seconds(time)), now: .seconds(now), outcome: nil)
            case 7:
                return RuleStep(
                    observation: .battery(level: value, at: .seconds(time)), now: .seconds(now), outcome: nil)
            default: return .tick(now, isSuppressed: isSuppressed)
            }
        }
    }
}

extension CompositeCondition {
    /// The same with bounds among the numbers from 0 to 10.
    fileprivate var lowered: CompositeCondition {
        CompositeCondition(
            match: match,
            terms: terms.map { Term(sensorType: $0.sensorType, condition: .init(.gt, 5, clearValue: 4)) })
    }
}
