import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import EventBus

/// How far streams are cut.
struct TrimmingTests {
    private let stream = StreamName.events(.devices)

    @Test(
        arguments: [
            // The oldest entry that a group needs and where the stream is cut, both in seconds before now: an hour at least
            // is kept, and four at most.
            (nil, 3600), (0, 3600), (1800, 3600), (3600, 3600), (7200, 7200), (14_400, 14_400), (90_000, 14_400),
        ] as [(Int?, Int)])
    func `a stream is cut at its age, unless a group needs more, and then at the limit`(needed: Int?, cut: Int) {
        let now = Timestamp.now
        func id(_ seconds: Int) -> StreamID { StreamID(time: now.adding(.seconds(-seconds))) }
        #expect(StreamRetention.readings.cut(at: now, needed: needed.map(id)) == id(cut))
    }

    @Test func `a group that was never read for needs everything within the limit`() {
        let now = Timestamp.now
        let cut = StreamRetention.events.cut(at: now, needed: .zero)
        #expect(cut == StreamID(time: now.adding(.seconds(-7 * 86400))))
    }

    /// Puts entries of a time into the stream of the devices service, enough for several of Redis' blocks.
    private func fill(_ bus: Bus, _ age: Duration) async throws {
        let time = StreamID(time: Timestamp.now.adding(.zero - age))
        for number in 1...300 {
            try await bus.redis.xadd(
                stream, [("event", "old")],
                id: StreamID(milliseconds: time.milliseconds, sequence: UInt64(number)))
        }
    }

    private func relay(_ bus: Bus, _ retention: StreamRetention) -> OutboxRelay {
        OutboxRelay(
            outbox: bus.outbox, database: bus.devices, redis: bus.redis, retention: retention, logger: .silent)
    }

    @Test func `what a group has not been given or not acknowledged is kept, however old`() async throws {
        try await withBus { bus, group in
            try await fill(bus, .seconds(60))
            try await bus.redis.xgroupCreate(stream, group: "slow", from: .start)
            let relay = relay(bus, StreamRetention(age: .seconds(30), limit: .seconds(3600)))
            group.addTask { try await relay.run() }
            _ = try await bus.tell("while nothing has been delivered")
            try await eventually { try await bus.redis.xlen(stream) == 301 }

            let given = try await bus.redis.xreadgroup([(stream, .undelivered)], group: "slow", consumer: "c")
            let ids = given[0].entries.map(\.id)
            try await bus.redis.xack(stream, group: "slow", Array(ids.dropFirst()))
            // Long enough for the groups to have been looked up again.
            for number in 1...3 {
                _ = try await bus.tell("while one is pending")
                try await eventually { try await bus.redis.xlen(stream) == 301 + number }
                try await eventually {
                    try await bus.redis.xpending(stream, group: "slow", idle: .milliseconds(600 * number), count: 1)
                        .count == 1
                }
            }
            #expect(try await bus.redis.xlen(stream) == 304)

            try await bus.redis.xack(stream, group: "slow", [ids[0]])
            try await eventually(every: .milliseconds(100)) {
                _ = try await bus.tell("when all have been acknowledged")
                return try await bus.redis.xlen(stream) < 200
            }
        }
    }

    @Test func `beyond the limit nothing is kept for a group that nobody reads for`() async throws {
        try await withBus { bus, group in
            try await fill(bus, .seconds(7200))
            try await bus.redis.xgroupCreate(stream, group: "gone", from: .start)
            let relay = relay(bus, StreamRetention(age: .seconds(30), limit: .seconds(3600)))
            group.addTask { try await relay.run() }
            try await eventually(every: .milliseconds(100)) {
                _ = try await bus.tell("d")
                return try await bus.redis.xlen(stream) < 200
            }
        }
    }
}
