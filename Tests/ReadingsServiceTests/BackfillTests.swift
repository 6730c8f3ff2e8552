import Kernel
import Postgres
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import ReadingsService

/// Old readings of many days keep nobody from sending new ones.
@Suite(.serialized) struct BackfillTests {
    /// A server whose database gets more partitions than others' tests should have to look through.
    private func makeServer() async throws -> ReadingsServer {
        try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
    }

    @Test func `a year that is sent at once is stored and rolled up, while live readings are taken`() async throws {
        let server = try await makeServer()
        let old = try await server.device()
        let start = Timestamp.now.adding(days: -366).midnight
        let times = (0..<365 * 8).map { start.adding(hours: 3 * $0) }
        // One of the same organization, and one of another.
        let live = [try await server.device(of: old.organization), try await server.device()]
        try await withLiveReadings(of: live) {
            let answers = try await old.sendAll(times, by: 100)
            #expect(answers.allSatisfy { $0.status == 201 && $0.json["rejected"] == [] })
            try await old.rollUp()
        }
        #expect(try await old.stored().map(\.time) == times)
        let hours = try await old.rollups("readings.rollup_1h")
        #expect(hours.map(\.time) == times && hours.allSatisfy { $0.count == 1 })
        let days = try await old.rollups("readings.rollup_1d")
        #expect(days.map(\.time) == (0..<365).map { start.adding(days: $0) } && days.allSatisfy { $0.count == 8 })
    }

    @Test func `of twenty thousand days those of five years are stored, a few a transaction, and others are answered`()
        async throws
    {
        let server = try await makeServer()
        let device = try await server.device()
        let now = Timestamp.now
        // Back to 1972 or so.
        let times = (1...20_000).map { now.adding(days: -$0) }
        try await withLiveReadings(of: [try await server.device()]) {
            let answers = try await device.sendAll(times, by: 1000)
            #expect(answers.map(\.status).sorted() == [201, 201] + Array(repeating: 422, count: 18))
        }
        let allowed = Int(ReadingLimits.maximumAge.components.seconds / 86_400)
        // The oldest was too old when it arrived.
        #expect(try await device.stored().map(\.time) == times.prefix(allowed - 1).reversed())
        let most = try await server.service.query(
            """
            SELECT max(days) FROM (
                SELECT count(DISTINCT date_bin('1 day', time, 'epoch')) AS days FROM readings.readings
                GROUP BY batch_id) AS batch
            """)
        #expect(try most[0].decode(Int.self) <= FlushBounds.maximumDays)
    }

    /// Tells those who send that it is over.
    private final class End: Sendable {
        let hasCome = Mutex(false)
    }

    /// Lets devices send a reading after the other for the length of `body`; each has to be stored in the time that a request
    /// may take.
    private func withLiveReadings(of devices: [TestDevice], _ body: () async throws -> Void) async throws {
        let end = End()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for device in devices {
                group.addTask {
                    repeat {
                        let start = ContinuousClock.now
                        let answer = try await device.send(["sensor_type": "live", "value": 1])
                        #expect(answer.status == 201 && answer.json["accepted"] == 1, "\(answer)")
                        #expect(start.duration(to: .now) < PostgresClient.requestPatience)
                        // The pause is the interval between a board's readings.
                        try await Task.sleep(for: .milliseconds(50))
                    } while !end.hasCome.withLock(\.self)
                }
            }
            try await body()
            end.hasCome.withLock { $0 = true }
            try await group.waitForAll()
        }
    }
}

extension TestDevice {
    /// Sends a reading at each of the times in requests of so many, all at once, each again until it is not refused as one too
    /// many.
    fileprivate func sendAll(_ times: [Timestamp], by count: Int) async throws -> [TestHTTPResponse] {
        try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for start in stride(from: 0, to: times.count, by: count) {
                let readings = times[start..<min(start + count, times.count)].map { time -> JSONValue in
                    ["sensor_type": "t", "value": 1, "timestamp": .string(time.rfc3339)]
                }
                group.addTask {
                    try await eventually(within: .seconds(120), every: .seconds(1)) {
                        let answer = try await client.post(path, ["readings": .array(readings)])
                        return answer.status == 503 ? nil : answer
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
