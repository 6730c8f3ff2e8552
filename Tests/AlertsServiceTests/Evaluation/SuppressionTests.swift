import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import Testing

@testable import AlertsService

/// When a rule triggers that a maintenance window has held back.
@Suite struct SuppressionTests {
    fileprivate static let device = UUID.v7()
    fileprivate static let organization = UUID.v7()
    private static let daytime = RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), "08:00", "18:00")

    /// A time of 1970-01-01 or, with hours from 24 on, later.
    private static func at(_ hour: Int64, _ minute: Int64 = 0) -> Timestamp { .seconds(hour * 3_600 + minute * 60) }

    private static func window(
        _ from: Int64, _ to: Int64, of scope: RuleScope = .all
    ) -> MaintenanceWindow {
        MaintenanceWindow(scope, .once(from: at(from), to: at(to)))
    }

    private static func hours(_ from: String, _ to: String) -> MaintenanceWindow? {
        RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), from, to).map {
            MaintenanceWindow(.all, .recurring($0))
        }
    }

    private static func hot(holdSeconds: Int = 0, _ schedule: RuleSchedule? = daytime) -> RuleDefinition {
        .of(.threshold(sensor: "temperature", .init(.gt, 30), holdSeconds: holdSeconds), schedule: schedule)
    }

    private static let silent = RuleDefinition.of(
        .noData(sensor: "temperature", windowSeconds: 3_600), schedule: daytime)

    struct Case: Sendable {
        let name: String
        var rule = SuppressionTests.hot()
        let windows: [MaintenanceWindow?]
        /// Hour, minute, value.
        var readings: [(Int64, Int64, Double)] = [(10, 30, 31)]
        let begun: Timestamp?
    }

    static let cases = [
        Case(name: "no window", windows: [], begun: at(10, 30)),
        Case(name: "a window of other devices", windows: [window(10, 12, of: .devices([.v7()]))], begun: at(10, 30)),
        Case(name: "in the hours", windows: [window(10, 12)], begun: at(12)),
        Case(
            name: "over the end of the hours", windows: [window(17, 19)], readings: [(17, 10, 31)], begun: at(24 + 8)),
        Case(
            name: "at any time", rule: hot(nil), windows: [window(17, 19)], readings: [(17, 10, 31)], begun: at(19)),
        Case(name: "to the very end of the hours", windows: [window(10, 18)], begun: at(24 + 8)),
        Case(name: "one after the other", windows: [window(10, 12), window(12, 13)], begun: at(13)),
        Case(name: "one over the other", windows: [window(11, 14), window(10, 12)], begun: at(14)),
        Case(name: "the next morning, too", windows: [window(10, 19), window(24 + 7, 24 + 9)], begun: at(24 + 9)),
        Case(name: "every day", windows: [hours("10:00", "11:00")], begun: at(11)),
        Case(name: "for ever", windows: [hours("00:00", "24:00")], begun: nil),
        Case(name: "in all of the hours", windows: [hours("08:00", "18:00")], begun: nil),
        Case(
            name: "shorter than the rule waits", rule: hot(holdSeconds: 7_200), windows: [window(10, 12)],
            begun: at(12, 30)),
        Case(name: "cleared meanwhile", windows: [window(10, 12)], readings: [(10, 30, 31), (11, 0, 20)], begun: nil),
        Case(
            name: "cleared, and met again", windows: [window(10, 12)],
            readings: [(10, 30, 31), (11, 0, 20), (11, 30, 31)], begun: at(12)),
        Case(name: "silence", rule: silent, windows: [window(11, 13)], begun: at(13)),
        Case(name: "silence over the end of the hours", rule: silent, windows: [window(11, 20)], begun: at(24 + 8)),
    ]

    @Test(arguments: cases, [false, true])
    func `it triggers when the window is over and its hours are on`(_ held: Case, _ isBroken: Bool) throws {
        var partition = partition(held.rule, held.windows.compactMap(\.self))
        for (hour, minute, value) in held.readings { try partition.take(value, at: Self.at(hour, minute)) }
        try partition.pass(from: Self.at(10), isBroken: isBroken)
        #expect(partition.history.map(\.begun) == (held.begun.map { [$0] } ?? []), "\(held.name)")
    }

    static let changes: [(String, [MaintenanceWindow], at: Timestamp, begun: Timestamp)] = [
        ("is deleted", [], at(15), at(15)),
        ("is deleted when the hours are over", [], at(19), at(24 + 8)),
        ("ends earlier", [window(10, 16)], at(12), at(16)),
        ("ended before", [window(10, 11)], at(15), at(15)),
        ("ends later", [window(10, 24 + 9)], at(12), at(24 + 9)),
        ("is of other devices", [window(10, 20, of: .devices([.v7()]))], at(15), at(15)),
    ]

    @Test(arguments: changes)
    func `it follows a window that`(
        _ name: String, _ windows: [MaintenanceWindow], at time: Timestamp, begun: Timestamp
    ) throws {
        var partition = partition(Self.hot(), [Self.window(10, 20)])
        try partition.take(31, at: Self.at(10, 30))
        try partition.pass(to: time.adding(.seconds(-600)))
        partition.change(MaintenanceCalendar(windows), at: time)
        try partition.pass(from: time)
        #expect(partition.history.map(\.begun) == [begun], "\(name)")
    }

    @Test func `it follows a device that leaves a window`() throws {
        var partition = partition(Self.hot(), [Self.window(10, 20, of: .tags(["cold"]))])
        func profile(_ tags: [String]) -> DeviceProfile {
            DeviceProfile(attributes: DeviceAttributes(name: "Fridge", projectID: nil, tags: tags))
        }
        partition.profiles[Self.device] = profile(["cold"])
        try partition.take(31, at: Self.at(10, 30))
        try partition.pass(to: Self.at(14))
        #expect(partition.history.isEmpty)
        partition.change(Self.device, to: profile([]), at: Self.at(15))
        try partition.pass(from: Self.at(15))
        #expect(partition.history.map(\.begun) == [Self.at(15)])
    }

    @Test func `a long window is waited for with one timer`() throws {
        var partition = partition(Self.hot(), [Self.window(10, 365 * 24)])
        for minute in 0..<60 as Range<Int64> { try partition.take(31, at: Self.at(10, minute)) }
        for hour in 11..<1_000 as Range<Int64> {
            try partition.pass(to: Self.at(hour))
            #expect(partition.state.timerCount == 1)
        }
    }

    @Test func `timers whose place others have taken do not gather`() throws {
        let end = Self.at(365 * 24 + 12)
        let calendar = MaintenanceCalendar([MaintenanceWindow(.all, .once(from: Self.at(10), to: end))])
        var partition = partition(Self.hot(), [])
        partition.change(calendar, at: Self.at(10))
        try partition.take(31, at: Self.at(10, 30))
        for minute in 0..<2_000 as Range<Int64> {
            partition.change(calendar, at: Self.at(11, minute))
            try partition.pass(to: Self.at(11, minute))
            #expect(partition.state.timerCount <= PartitionState.fewestTimers + 1)
        }
        // The one that is set is still there.
        try partition.pass(to: end)
        #expect(partition.history.map(\.begun) == [end])
    }

    @Test func `what has held for weeks of windows triggers in its hours, also after a restart`() throws {
        let mornings = RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), "08:00", "09:00")
        var partition = partition(Self.hot(mornings), [Self.hours("07:00", "10:00")].compactMap(\.self))
        try partition.take(31, at: Self.at(8, 30))
        partition.crash()
        let noon = Self.at(30 * 24 + 12)
        try partition.pass(to: noon)
        #expect(partition.history.isEmpty)
        partition.change(.empty, at: noon)
        try partition.pass(from: noon)
        #expect(partition.history.map(\.begun) == [Self.at(31 * 24 + 8)])
    }

    private func partition(_ definition: RuleDefinition, _ windows: [MaintenanceWindow]) -> StoredPartition {
        StoredPartition(
            [Rule(definition, organization: Self.organization)], calendar: MaintenanceCalendar(windows))
    }
}

extension StoredPartition {
    /// Takes a temperature as soon as it is measured.
    fileprivate mutating func take(_ value: Double, at time: Timestamp) throws {
        var entry = TelemetryEntry()
        entry.append(
            "temperature", of: SuppressionTests.device, in: SuppressionTests.organization, at: time, value: value,
            quality: 2)
        try take(entry, at: StreamID(milliseconds: UInt64(time.microseconds / 1_000)))
    }

    /// Lets three days pass in steps of ten minutes.
    ///
    /// - Parameter isBroken: Whether memory is lost before each step.
    fileprivate mutating func pass(from start: Timestamp, isBroken: Bool = false) throws {
        for step in 0..<3 * 24 * 6 {
            if isBroken { crash() }
            try pass(to: start.adding(.seconds(600 * step)))
        }
    }
}
