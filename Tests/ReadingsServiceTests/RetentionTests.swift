import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What goes since it is older than it is kept.
@Suite struct RetentionTests {
    private let now = Timestamp.now
    /// Before what readings go that are kept for 30 days.
    private var cut: Timestamp { now.midnight.adding(days: -30) }

    /// A round of an instance of its own.
    private func round(in database: TestDatabase, pieceSize: Int = SeriesRows.pieceSize) async throws {
        try await withClient(database.configuration(.readings)) { client in
            let keeper = RetentionKeeper(
                expired: ExpiredRows(database: client, pieceSize: pieceSize), logger: Logger(label: "retention"))
            try await keeper.round(at: now)
        }
    }

    @Test func `readings older than the plan keeps them go, exact to the row, and others stay`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = [cut.adding(days: -60), cut.adding(.microseconds(-1)), cut, cut.adding(.microseconds(1)), now]
        let limited = try await StoredSeries.make(in: database, times: times)
        let longer = try await StoredSeries.make(in: database, times: times)
        let unlimited = try await StoredSeries.make(in: database, times: times)
        let unheardOf = try await StoredSeries.make(in: database, times: times)
        try await limited.keep(planDays: 30)
        try await longer.keep(planDays: 31)
        try await unlimited.keep(planDays: nil)
        try await round(in: database)
        #expect(try await limited.times() == Array(times[2...]))
        #expect(try await longer.times() == Array(times[1...]))
        #expect(try await unlimited.times() == times)
        #expect(try await unheardOf.times() == times)
        #expect(try await limited.staleHours().isEmpty)
    }

    @Test func `a plan that has become shorter counts after a week`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = [cut.adding(days: -1), now]
        let early = try await StoredSeries.make(in: database, times: times)
        let late = try await StoredSeries.make(in: database, times: times)
        try await early.keep(planDays: 30, since: now.adding(days: -6))
        try await late.keep(planDays: 30, since: now.adding(days: -8))
        try await round(in: database)
        #expect(try await early.times() == times)
        #expect(try await late.times() == [now])
    }

    @Test func `with the readings go the minutes, hours and days that they came to`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let series = try await StoredSeries.make(in: database, times: [now])
        let neighbour = try await StoredSeries.make(in: database, times: [now])
        try await series.keep(planDays: 30)
        let lengths = [("readings.rollup_1m" as SQL, 1), ("readings.rollup_1h", 60), ("readings.rollup_1d", 1440)]
        for (table, minutes) in lengths {
            for series in [series, neighbour] {
                try await series.rollUp(
                    in: table, at: [cut.adding(minutes: -minutes), cut, cut.adding(minutes: minutes)])
            }
        }
        try await round(in: database)
        for (table, minutes) in lengths {
            #expect(try await series.times(in: table) == [cut, cut.adding(minutes: minutes)])
            #expect(try await neighbour.times(in: table).count == 3)
        }
    }

    @Test func `a device may keep its readings for a shorter time than the plan, and not for a longer one`()
        async throws
    {
        let database = try await ReadingsServer.makeDatabase()
        let organization = UUID.v7()
        let times = [50, 40, 20, 5].map { now.midnight.adding(days: -$0) }
        let shorter = try await StoredSeries.make(in: database, of: organization, times: times)
        let longer = try await StoredSeries.make(in: database, of: organization, times: times)
        let ofPlan = try await StoredSeries.make(in: database, of: organization, times: times)
        let ofNoPlan = try await StoredSeries.make(in: database, times: times)
        try await shorter.keep(planDays: 30)
        try await shorter.keep(deviceDays: 7)
        try await longer.keep(deviceDays: 45)
        try await ofNoPlan.keep(deviceDays: 45)
        try await round(in: database)
        #expect(try await shorter.times() == Array(times[3...]))
        #expect(try await longer.times() == Array(times[2...]))
        #expect(try await ofPlan.times() == Array(times[2...]))
        #expect(try await ofNoPlan.times() == Array(times[1...]))
    }

    @Test func `more than goes at once goes piece by piece, also where two instances are at it`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = (0..<200).map { cut.adding(minutes: -$0) }
        var all: [StoredSeries] = []
        for _ in 0..<4 {
            let series = try await StoredSeries.make(in: database, times: times + [now])
            try await series.keep(planDays: 30)
            all.append(series)
        }
        async let first: Void = round(in: database, pieceSize: 9)
        async let second: Void = round(in: database, pieceSize: 9)
        _ = try await (first, second)
        for series in all { #expect(try await series.times() == [cut, now]) }
    }

    @Test func `the last piece says that nothing is left, so that no transaction finds it out`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        func pieces(_ times: [Timestamp], of size: Int) async throws -> [Bool?] {
            let series = try await StoredSeries.make(in: database, times: times + [now])
            let kept = KeptSeries(id: series.id, start: cut, isExpired: true)
            return try await withClient(database.configuration(.readings)) { client in
                let expired = ExpiredRows(database: client, pieceSize: size)
                var pieces: [Bool?] = []
                repeat {
                    pieces.append(try await expired.deletePiece(of: kept, in: "readings.readings"))
                } while pieces.last == true
                #expect(try await series.times() == [now])
                return pieces
            }
        }
        #expect(try await pieces((1...5).map { cut.adding(minutes: -$0) }, of: 10) == [false])
        #expect(try await pieces((1...5).map { cut.adding(minutes: -$0) }, of: 2) == [true, true, false])
        // No piece is longer than 64 days.
        #expect(try await pieces([-100, -1].map { cut.adding(days: $0) }, of: 10) == [true, false])
    }

    @Test func `a partition goes only when no organization keeps anything of it`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = [-100, -50, 0].map { now.midnight.adding(days: $0) }
        let all = [
            try await StoredSeries.make(in: database, times: times),
            try await StoredSeries.make(in: database, times: times),
        ]
        func drop() async throws -> Bool {
            try await withClient(database.configuration(.readings)) { client in
                try await ExpiredRows(database: client).dropPartition()
            }
        }
        try await all[0].keep(planDays: 30)
        // The plan of the other one has not been heard of.
        #expect(try await !drop())
        try await all[1].keep(planDays: nil)
        #expect(try await !drop())
        try await all[1].keep(planDays: 120)
        #expect(try await !drop())
        try await all[1].keep(planDays: 60)
        #expect(try await drop())
        #expect(try await !drop())
        for series in all { #expect(try await series.times() == Array(times[1...])) }
    }

    @Test func `a reading that comes later than it is kept is stored, though its partition was dropped`() async throws {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let device = try await server.device()
        let old: JSONValue = [
            "sensor_type": "t", "value": 1, "timestamp": .string(now.adding(days: -100).rfc3339),
        ]
        #expect(try await device.send(old).json["accepted"] == 1)
        try await server.service.query(
            """
            INSERT INTO readings.limits (organization_id, plan, retention_days, version)
            VALUES (\(device.organization), 'free', 30, 1)
            """)
        try await round(in: server.service.database)
        #expect(try await device.stored().isEmpty)
        let again = try await device.send(old)
        #expect(again.status == 201)
        #expect(again.json == ["accepted": 1, "duplicates": 0, "rejected": []])
        // It goes with the next round.
        try await round(in: server.service.database)
        #expect(try await device.stored().isEmpty)
    }
}
