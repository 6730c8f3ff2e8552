import FoundationEssentials
import HTTPKit

extension Validation {
    /// How soon, in seconds, something may be done about an alert that nobody acknowledges.
    static let remindersAfter = 60...7 * 86_400
    static let mostEscalationSteps = 5
    static let mostChannels = 20

    /// A list of channels must name each once.
    mutating func channels(_ ids: [UUID]?, _ field: String, atLeast least: Int = 0) {
        guard let ids else { return }
        count(of: ids, least...Self.mostChannels, field)
        require(Set(ids).count == ids.count, field, "must name each channel once")
    }

    /// Later steps must have later times, and no channel may be told by two of them, each of which goes on until the alert
    /// is acknowledged where it is repeated.
    ///
    /// - Parameter repeated: The channels that are told from the beginning, and again and again.
    mutating func escalation(_ steps: [EscalationDocument], beside repeated: [UUID]) {
        count(of: steps, 0...Self.mostEscalationSteps, "escalation")
        var told = Set(repeated)
        for (index, step) in steps.prefix(Self.mostEscalationSteps).enumerated() {
            let path = "escalation[\(index)]."
            range(of: step.afterSeconds, Self.remindersAfter, path + "after_s")
            if index > 0 {
                require(
                    step.afterSeconds > steps[index - 1].afterSeconds, path + "after_s",
                    "must be later than that of the step before")
            }
            channels(step.channelIDs, path + "channel_ids", atLeast: 1)
            require(
                told.isDisjoint(with: step.channelIDs), path + "channel_ids",
                "must not name a channel of an earlier step, or of the rule where it repeats")
            told.formUnion(step.channelIDs)
        }
    }
}
