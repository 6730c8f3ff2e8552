import FoundationEssentials
import Postgres

/// Whom an alert is told to beyond its beginning, for as long as nobody has acknowledged it.
struct NotificationPlan: Sendable, Hashable {
    /// Others who are told when that long has passed.
    struct Step: Sendable, Hashable {
        let after: Duration
        let channelIDs: [UUID]
    }

    /// Who was told when it began.
    var channelIDs: [UUID]
    /// How long after they were told all of them are told again, and again; nil: never.
    var repeatAfter: Duration?
    var steps: [Step] = []

    /// What is to be told next, by step: 0 is those who were told at the beginning.
    struct Entry: Sendable, Hashable {
        let step: Int
        let channelIDs: [UUID]
        let dueAt: Timestamp
    }

    /// - Parameter time: When the alert began.
    func entries(from time: Timestamp) -> [Entry] {
        let repetition = repeatAfter.map { Entry(step: 0, channelIDs: channelIDs, dueAt: time.adding($0)) }
        let escalation = steps.enumerated().map { index, step in
            Entry(step: index + 1, channelIDs: step.channelIDs, dueAt: time.adding(step.after))
        }
        return ([repetition].compactMap(\.self) + escalation).filter { !$0.channelIDs.isEmpty }
    }
}

extension NotificationPlan.Step {
    init(_ step: EscalationStep) {
        self.init(after: .seconds(step.afterSeconds), channelIDs: step.channelIDs)
    }
}

extension NotificationPlan {
    init(channelIDs: [UUID], repeatAfterSeconds: Int?, escalation: [EscalationStep]) {
        self.init(
            channelIDs: channelIDs, repeatAfter: repeatAfterSeconds.map { .seconds($0) },
            steps: escalation.map(Step.init))
    }

    init(_ rule: RuleDefinition) {
        self.init(
            channelIDs: rule.channelIDs, repeatAfterSeconds: rule.repeatAfterSeconds, escalation: rule.escalation)
    }
}
