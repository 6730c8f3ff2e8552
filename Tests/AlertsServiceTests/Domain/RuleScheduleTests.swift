import Postgres
import Testing

@testable import AlertsService

/// In Berlin clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 to 02:00 on 2026-10-25.
@Suite struct RuleScheduleTests {
    private static let weekdays: Set<RuleSchedule.Weekday> = [.mon, .tue, .wed, .thu, .fri]
    private static let daily = Set(RuleSchedule.Weekday.allCases)

    static let office = RuleSchedule("Europe/Berlin", weekdays, "08:00", "18:00")
    static let fridayNight = RuleSchedule("UTC", [.fri], "22:00", "06:00")

    @Test(arguments: [
        (office, "2026-03-27T07:00:00Z", true), (office, "2026-03-27T06:59:59.999999Z", false),
        (office, "2026-03-27T16:59:59Z", true), (office, "2026-03-27T17:00:00Z", false),
        (office, "2026-03-28T09:00:00Z", false),
        // In summer an hour earlier.
        (office, "2026-03-30T06:00:00Z", true), (office, "2026-03-30T05:59:00Z", false),
        (fridayNight, "2026-03-27T22:00:00Z", true), (fridayNight, "2026-03-28T05:59:59Z", true),
        (fridayNight, "2026-03-28T06:00:00Z", false), (fridayNight, "2026-03-27T05:00:00Z", false),
        (fridayNight, "2026-03-28T23:00:00Z", false),
        (RuleSchedule("UTC", [.thu], "00:00", "24:00"), "1970-01-01T23:59:59Z", true),
        (RuleSchedule("UTC", [.thu], "00:00", "24:00"), "1969-12-31T23:59:59Z", false),
    ])
    func `hours are those of the place`(_ schedule: RuleSchedule?, _ time: String, _ isActive: Bool) throws {
        let time = try #require(Timestamp(time))
        #expect(try #require(schedule).isActive(at: time) == isActive)
    }

    @Test(arguments: [
        (office, "2026-03-27T09:00:00Z", "2026-03-27T09:00:00Z"),
        (office, "2026-03-27T17:30:00Z", "2026-03-30T06:00:00Z"),
        (fridayNight, "2026-03-28T06:00:00Z", "2026-04-03T22:00:00Z"),
        // The clocks leave 02:30 out.
        (RuleSchedule("Europe/Berlin", daily, "02:30", "04:00"), "2026-03-28T22:00:00Z", "2026-03-29T01:00:00Z"),
        (RuleSchedule("Europe/Berlin", [.sun], "02:15", "02:45"), "2026-03-28T22:00:00Z", "2026-04-05T00:15:00Z"),
        // They show 02:15 twice.
        (RuleSchedule("Europe/Berlin", daily, "02:15", "02:45"), "2026-10-24T22:00:00Z", "2026-10-25T00:15:00Z"),
        (RuleSchedule("Europe/Berlin", daily, "02:15", "02:45"), "2026-10-25T00:50:00Z", "2026-10-25T01:15:00Z"),
        // They go back into hours that were over.
        (RuleSchedule("Europe/Berlin", daily, "01:30", "02:30"), "2026-10-25T00:40:00Z", "2026-10-25T01:00:00Z"),
    ])
    func `the next hours are found`(_ schedule: RuleSchedule?, _ time: String, _ next: String) throws {
        let (time, next) = (try #require(Timestamp(time)), try #require(Timestamp(next)))
        #expect(try #require(schedule).firstActive(from: time) == next)
    }

    @Test(arguments: [
        (office, "2026-03-27T19:00:00Z", "2026-03-27T19:00:00Z"),
        (office, "2026-03-27T09:00:00Z", "2026-03-27T17:00:00Z"),
        (office, "2026-03-30T09:00:00Z", "2026-03-30T16:00:00Z"),
        (fridayNight, "2026-03-27T23:00:00Z", "2026-03-28T06:00:00Z"),
        // A night an hour shorter, and one an hour longer.
        (RuleSchedule("Europe/Berlin", daily, "22:00", "07:00"), "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
        (RuleSchedule("Europe/Berlin", daily, "22:00", "07:00"), "2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z"),
        // The clocks leave 02:30 out.
        (RuleSchedule("Europe/Berlin", daily, "01:00", "02:30"), "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        // A weekend goes on over its midnight.
        (RuleSchedule("UTC", [.sat, .sun], "00:00", "24:00"), "2026-03-28T10:00:00Z", "2026-03-30T00:00:00Z"),
    ])
    func `the end of the hours is found`(_ schedule: RuleSchedule?, _ time: String, _ end: String) throws {
        let (time, end) = (try #require(Timestamp(time)), try #require(Timestamp(end)))
        #expect(try #require(schedule).firstInactive(from: time) == end)
    }

    @Test func `hours of all days and times have no end`() throws {
        let always = try #require(RuleSchedule("Europe/Berlin", Self.daily, "00:00", "24:00"))
        #expect(always.firstInactive(from: try #require(Timestamp("2026-03-27T09:00:00Z"))) == nil)
    }

    @Test(arguments: ["8:00", "08:60", "24:01", "0800", "-1:00", "08:00:00", "ab:cd", ""])
    func `what is no time of day is none`(_ text: String) {
        #expect(RuleScheduleDocument.minute(text) == nil)
    }

    @Test func `what is written is read`() throws {
        let document = RuleScheduleDocument(try #require(Self.office))
        #expect(document.days == ["mon", "tue", "wed", "thu", "fri"])
        #expect((document.from, document.to) == ("08:00", "18:00"))
        #expect(document.schedule == Self.office)
    }
}
