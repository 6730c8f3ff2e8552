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

    /// Later steps must have later times, and no channel may be told by two of them.
    mutating func escalation(_ steps: [EscalationDocument]) {
        count(of: steps, 0...Self.mostEscalationSteps, "escalation")
        var told: Set<UUID> = []
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
                "must not name a channel of an earlier step")
            told.formUnion(step.channelIDs)
        }
    }

    /// Hours must lie in a time zone that there is, on some day, and have a length.
    ///
    /// - Returns: nil where there are none to make.
    mutating func schedule(_ document: RuleScheduleDocument) -> RuleSchedule? {
        let days = RuleSchedule.Weekday.allCases.map(\.rawValue)
        let isZone = document.timeZone.utf8.count <= 64 && document.zone != nil
        require(isZone, "schedule.time_zone", "must be a name of the IANA time zone database")
        count(of: document.days, 1...days.count, "schedule.days")
        require(document.days.allSatisfy(days.contains), "schedule.days", "must be of \(days.listed)")
        let (from, to) = (RuleScheduleDocument.minute(document.from), RuleScheduleDocument.minute(document.to))
        require(from.map { $0 < 24 * 60 } ?? false, "schedule.from", "must be a time of day as HH:MM")
        require(to != nil, "schedule.to", "must be a time of day as HH:MM, or 24:00")
        require(from == nil || from != to, "schedule.to", "must not be the same as from")
        return document.schedule
    }
}
