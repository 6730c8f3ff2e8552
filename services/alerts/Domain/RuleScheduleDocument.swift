// The time zones of the IANA database are in the whole of Foundation.
import Foundation

/// A rule's active hours as JSON.
struct RuleScheduleDocument: Codable, Sendable {
    let timeZone: String
    let days: [String]
    /// `HH:MM`; `24:00` is the end of the day.
    let from: String
    let to: String

    enum CodingKeys: String, CodingKey {
        case days, from, to
        case timeZone = "time_zone"
    }
}

extension RuleScheduleDocument {
    init(_ schedule: RuleSchedule) {
        timeZone = schedule.zoneName
        days = RuleSchedule.Weekday.allCases.filter(schedule.days.contains).map(\.rawValue)
        from = Self.text(of: schedule.from)
        to = Self.text(of: schedule.to)
    }

    /// The schedule this stands for; nil when it stands for none.
    var schedule: RuleSchedule? {
        let weekdays = days.compactMap(RuleSchedule.Weekday.init)
        guard let zone, let from = Self.minute(from), let to = Self.minute(to), weekdays.count == days.count else {
            return nil
        }
        return RuleSchedule(zone: zone, zoneName: timeZone, days: Set(weekdays), from: from, to: to)
    }

    /// The time zone; nil where there is none of that name.
    var zone: TimeZone? { TimeZone(named: timeZone) }

    /// Minutes since midnight, 1440 for `24:00`; nil for what is no time of day.
    static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count == 5, parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
            text.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 24 * 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func text(of minute: Int) -> String {
        [minute / 60, minute % 60].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
    }
}
