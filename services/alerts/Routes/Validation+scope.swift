import FoundationEssentials
import HTTPKit

extension Validation {
    /// A scope must be exactly one of the kinds there are, and bounded.
    ///
    /// - Returns: Nil where there is none to make.
    mutating func scope(_ document: RuleScopeDocument) -> RuleScope? {
        guard let scope = document.scope else {
            reject("scope", "must have exactly one of all (true), device_ids (UUIDs), tags and project_id (a UUID)")
            return nil
        }
        count(of: document.deviceIDs, 1...1_000, "scope.device_ids")
        count(of: document.tags, 1...100, "scope.tags")
        for tag in document.tags ?? [] { length(of: tag, 1...100, "scope.tags") }
        return scope
    }

    /// A time zone has a name that the database knows, too.
    mutating func zone(_ name: String, _ field: String) {
        let isKnown = TimeZoneName(name) != nil && TimeZone(named: name) != nil
        require(isKnown, field, "must be a name of the IANA time zone database")
    }

    /// Hours must lie in a time zone that there is, on some day, and have a length.
    ///
    /// - Returns: Nil where there are none to make.
    mutating func hours(_ document: RuleScheduleDocument, _ field: String) -> RuleSchedule? {
        let days = RuleSchedule.Weekday.allCases.map(\.rawValue)
        zone(document.timeZone, "\(field).time_zone")
        count(of: document.days, 1...days.count, "\(field).days")
        require(
            document.days.allSatisfy(days.contains), "\(field).days", "must be of \(days.listed)")
        let (from, to) = (RuleScheduleDocument.minute(document.from), RuleScheduleDocument.minute(document.to))
        require(from.map { $0 < 24 * 60 } ?? false, "\(field).from", "must be a time of day as HH:MM")
        require(to != nil, "\(field).to", "must be a time of day as HH:MM, or 24:00")
        require(from == nil || from != to, "\(field).to", "must not be the same as from")
        return document.schedule
    }
}
