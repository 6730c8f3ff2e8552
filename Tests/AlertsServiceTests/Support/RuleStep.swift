import Postgres

@testable import AlertsService

/// An observation, when it is made, and what is to come of it; times are in seconds.
struct RuleStep: Sendable {
    enum Outcome: Sendable, Equatable {
        case trigger, count, resolve

        init(_ action: RuleAction) {
            self =
                switch action {
                case .trigger: .trigger
                case .count: .count
                case .resolve: .resolve
                }
        }
    }

    let observation: Observation
    let now: Timestamp
    let outcome: Outcome?
    var isSuppressed = false

    /// - Parameter now: The clock, where it is not the reading's time.
    static func reading(
        _ time: Int64, _ value: Double, _ outcome: Outcome? = nil, of sensor: String = "temperature",
        quality: Quality = .good, now: Int64? = nil, isSuppressed: Bool = false
    ) -> RuleStep {
        let reading = Reading(time: .seconds(time), value: value, quality: quality)
        return RuleStep(
            observation: .reading(reading, sensor: sensor), now: .seconds(now ?? time), outcome: outcome,
            isSuppressed: isSuppressed)
    }

    static func status(_ time: Int64, isOffline: Bool, _ outcome: Outcome? = nil) -> RuleStep {
        RuleStep(
            observation: .status(isOffline: isOffline, at: .seconds(time)), now: .seconds(time), outcome: outcome)
    }

    static func battery(_ time: Int64, _ level: Double, _ outcome: Outcome? = nil) -> RuleStep {
        RuleStep(observation: .battery(level: level, at: .seconds(time)), now: .seconds(time), outcome: outcome)
    }

    static func tick(_ time: Int64, _ outcome: Outcome? = nil, isSuppressed: Bool = false) -> RuleStep {
        RuleStep(observation: .tick, now: .seconds(time), outcome: outcome, isSuppressed: isSuppressed)
    }
}

extension RuleState {
    /// What comes of a step.
    mutating func outcome(of step: RuleStep, _ rule: Rule) -> RuleStep.Outcome? {
        take(step.observation, of: rule, at: step.now, isSuppressed: step.isSuppressed).map(RuleStep.Outcome.init)
    }
}

extension CompositeCondition {
    /// A temperature above 30 and a humidity above 70.
    static func hotAndWet(_ match: Match) -> CompositeCondition {
        CompositeCondition(
            match: match,
            terms: [
                Term(sensorType: "temperature", condition: .init(.gt, 30)),
                Term(sensorType: "humidity", condition: .init(.gt, 70)),
            ])
    }
}
