import Foundation
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct MaintenanceCalendarTests {
    private static let device = UUID.v7()
    private static let project = UUID.v7()
    private static let attributes = DeviceAttributes(name: "Fridge", projectID: project, tags: ["cold", "tall"])

    static let scopes: [(RuleScope, isForKnown: Bool, isForUnknown: Bool)] = [
        (.all, true, true), (.devices([device]), true, true), (.devices([UUID.v7()]), false, false),
        (.tags(["tall", "other"]), true, false), (.tags(["warm"]), false, false), (.project(project), true, false),
        (.project(UUID.v7()), false, false),
    ]

    @Test(arguments: scopes)
    func `a window covers the devices of its scope`(_ scope: RuleScope, _ isForKnown: Bool, _ isForUnknown: Bool) {
        let window = MaintenanceWindow(scope, .once(from: .seconds(10), to: .seconds(20)))
        #expect(window.covers(Self.device, Self.attributes, at: .seconds(15)) == isForKnown)
        #expect(window.covers(Self.device, nil, at: .seconds(15)) == isForUnknown)
        #expect(!window.covers(Self.device, Self.attributes, at: .seconds(25)))
    }

    @Test func `the beginning belongs to a window, the end does not`() {
        let window = MaintenanceWindow(.all, .once(from: .seconds(10), to: .seconds(20)))
        let covered = (9...21).filter { window.covers(Self.device, nil, at: .seconds($0)) }
        #expect(covered == Array(10...19))
    }

    /// Saturdays from 22:00 to 03:00 in Berlin, where 2026-03-29 has no 02:00 to 03:00.
    static let times = [
        ("2026-03-28T20:59:59Z", false), ("2026-03-28T21:00:00Z", true), ("2026-03-29T00:59:59Z", true),
        ("2026-03-29T01:00:00Z", false), ("2026-03-27T22:00:00Z", false), ("2026-04-04T19:59:59Z", false),
        ("2026-04-04T20:00:00Z", true), ("2026-04-05T00:59:59Z", true), ("2026-04-05T01:00:00Z", false),
    ]

    @Test(arguments: times)
    func `a recurring window goes by the clocks of its zone`(_ time: String, _ isCovered: Bool) throws {
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let hours = RuleSchedule(zone: zone, zoneName: zone.identifier, days: [.sat], from: 22 * 60, to: 3 * 60)
        let window = MaintenanceWindow(.all, .recurring(hours))
        #expect(window.covers(Self.device, nil, at: try #require(Timestamp(time))) == isCovered)
    }

    @Test func `a calendar suppresses what any of its windows covers`() {
        let calendar = MaintenanceCalendar([
            MaintenanceWindow(.devices([Self.device]), .once(from: .seconds(10), to: .seconds(20))),
            MaintenanceWindow(.tags(["cold"]), .once(from: .seconds(15), to: .seconds(30))),
        ])
        func isSuppressed(_ device: UUID, at second: Int64) -> Bool {
            calendar.isSuppressed(device: device, attributes: Self.attributes, at: .seconds(second))
        }
        #expect(
            [9, 10, 19, 20, 29, 30].map { isSuppressed(Self.device, at: $0) } == [false, true, true, true, true, false])
        #expect([10, 15, 30].map { isSuppressed(.v7(), at: $0) } == [false, true, false])
        #expect(!MaintenanceCalendar([]).isSuppressed(device: Self.device, attributes: nil, at: .now))
    }
}
