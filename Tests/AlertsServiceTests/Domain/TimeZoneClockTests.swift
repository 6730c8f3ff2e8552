import Foundation
import Postgres
import Testing

@testable import AlertsService

/// When clocks show a time, in zones that change them and in others.
@Suite struct TimeZoneClockTests {
    @Test(arguments: [
        ("UTC", "2030-07-01T08:00:00Z", ["2030-07-01T08:00:00Z"]),
        ("Europe/Berlin", "2030-01-01T00:30:00Z", ["2029-12-31T23:30:00Z"]),
        ("Europe/Berlin", "2030-07-01T08:00:00Z", ["2030-07-01T06:00:00Z"]),
        // They are put forward from 2:00 to 3:00.
        ("Europe/Berlin", "2030-03-31T01:59:00Z", ["2030-03-31T00:59:00Z"]),
        ("Europe/Berlin", "2030-03-31T02:00:00Z", []),
        ("Europe/Berlin", "2030-03-31T02:59:00Z", []),
        ("Europe/Berlin", "2030-03-31T03:00:00Z", ["2030-03-31T01:00:00Z"]),
        // They are put back from 3:00 to 2:00.
        ("Europe/Berlin", "2030-10-27T01:59:00Z", ["2030-10-26T23:59:00Z"]),
        ("Europe/Berlin", "2030-10-27T02:30:00Z", ["2030-10-27T00:30:00Z", "2030-10-27T01:30:00Z"]),
        ("Europe/Berlin", "2030-10-27T03:00:00Z", ["2030-10-27T02:00:00Z"]),
        ("Asia/Kathmandu", "2030-07-01T08:00:00Z", ["2030-07-01T02:15:00Z"]),
        ("America/Los_Angeles", "2030-07-01T20:00:00Z", ["2030-07-02T03:00:00Z"]),
    ])
    func `a local time is when clocks show it`(_ name: String, _ local: String, _ times: [String]) throws {
        let zone = try #require(TimeZone(named: name))
        let found = zone.times(showing: try #require(Timestamp(local)))
        #expect(found == times.compactMap { Timestamp($0) })
        let shown = local.prefix(16).replacing("T", with: " ")
        #expect(found.allSatisfy { zone.text(of: $0) == shown })
    }

    @Test(arguments: ["CET", "GMT+1", "Mars/Olympus", ""])
    func `what is no place has no clocks`(_ name: String) {
        #expect(TimeZone(named: name) == nil)
    }
}
