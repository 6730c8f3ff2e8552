import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct FreeTimesTests {
    private static let everyDay = Set(RuleSchedule.Weekday.allCases)
    private static let morning = RuleSchedule("UTC", everyDay, "08:00", "09:00")

    /// A time of 1970-01-01 or, with hours from 24 on, later.
    private static func at(_ hour: Int64) -> Timestamp { .seconds(hour * 3_600) }

    private static func daily(_ from: String, _ to: String) -> MaintenanceWindow? {
        RuleSchedule("UTC", everyDay, from, to).map { MaintenanceWindow(.all, .recurring($0)) }
    }

    private static func once(_ from: Int64, _ to: Int64) -> MaintenanceWindow {
        MaintenanceWindow(.all, .once(from: at(from), to: at(to)))
    }

    struct Case: Sendable {
        let name: String
        let from: Timestamp
        var schedule: RuleSchedule?
        var windows: [MaintenanceWindow?] = []
        let free: Timestamp?
    }

    static let cases = [
        Case(name: "at any time", from: at(5), free: at(5)),
        Case(name: "in the hours", from: at(8), schedule: morning, free: at(8)),
        Case(name: "before the hours", from: at(5), schedule: morning, free: at(8)),
        Case(name: "after the hours", from: at(9), schedule: morning, free: at(24 + 8)),
        Case(name: "in a window", from: at(5), windows: [once(4, 7)], free: at(7)),
        Case(name: "at the end of a window", from: at(7), windows: [once(4, 7)], free: at(7)),
        Case(
            name: "in a window of some days' hours", from: at(5), schedule: morning, windows: [once(4, 60)],
            free: at(80)),
        Case(name: "in windows for ever", from: at(5), windows: [daily("00:00", "24:00")], free: nil),
        Case(
            name: "in hours that are all in windows", from: at(8), schedule: morning,
            windows: [daily("07:00", "10:00")], free: nil),
    ]

    @Test(arguments: cases)
    func `a rule may trigger first`(_ sought: Case) {
        var times = FreeTimes()
        let windows = sought.windows.compactMap(\.self)
        #expect(times.first(from: sought.from, in: sought.schedule, outside: windows) == sought.free, "\(sought.name)")
        #expect(
            times.first(from: sought.from, in: sought.schedule, outside: windows) == sought.free,
            "\(sought.name), as remembered")
    }

    @Test func `what is remembered is the same as what would be found`() {
        let windows = [Self.daily("08:00", "08:30"), Self.once(24, 40), Self.once(40, 56)].compactMap(\.self)
        let schedules = [nil, Self.morning, RuleSchedule("UTC", Self.everyDay, "06:00", "20:00")]
        let sets = [[], windows, Array(windows.prefix(1)), Array(windows.suffix(2))]
        var times = FreeTimes()
        for hour in [3, 0, 30, 8, 9, 24, 50, 41, 7, 3] as [Int64] {
            for (schedule, windows) in schedules.flatMap({ schedule in sets.map { (schedule, $0) } }) {
                var others = FreeTimes()
                #expect(
                    times.first(from: Self.at(hour), in: schedule, outside: windows)
                        == others.first(from: Self.at(hour), in: schedule, outside: windows), "from \(hour)")
            }
        }
    }
}
