import Kernel
import Logging
import Metrics
import Redis
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import EventBus

/// What becomes of an event that a consumer could not apply.
struct RedeliveryTests {
    private let stream = StreamName.events(.devices)

    private struct Unfit: Error, CustomStringConvertible {
        let description = "does not fit"
    }

    /// What a consumer was given, by subject, and whether it takes `bad` ones.
    private final class Applications: Sendable {
        private let tries = Mutex<[String]>([])
        private let takesAll = Atomic(false)

        func mend() { takesAll.store(true, ordering: .relaxed) }

        func count(_ subject: String) -> Int { tries.withLock { $0.count { $0 == subject } } }

        func apply(_ event: Event) throws {
            tries.withLock { $0.append(event.subject) }
            if event.subject.hasPrefix("bad"), !takesAll.load(ordering: .relaxed) { throw Unfit() }
        }
    }

    private func makeConsumer(
        _ bus: Bus, _ applications: Applications, after: Duration = .milliseconds(20)
    ) -> EventConsumer {
        EventConsumer(
            sources: [.devices], consumer: .billing, database: bus.billing, redis: bus.redis, logger: .silent,
            redelivery: .init(after: after)
        ) { event, _ in try applications.apply(event) }
    }

    private func pending(_ bus: Bus) async throws -> Int {
        try await bus.redis.xpending(stream, group: "billing").count
    }

    @Test func `an event that fails five times goes to the dead letters with its error, and the others go on`()
        async throws
    {
        try await withBus { bus, group in
            let applications = Applications()
            let metrics = PrometheusRegistry()
            let consumer = withMetricsFactory(metrics) { makeConsumer(bus, applications) }
            group.addTask { try await consumer.run() }
            let entry = try await bus.publish("bad")
            try await bus.publish("good")
            let letters = DeadLetters(of: stream, redis: bus.redis)
            let found = try await eventually {
                let found = try await letters.list(count: 10)
                return found.isEmpty ? nil : found
            }
            #expect(found.count == 1)
            #expect(found[0].letter.entry == entry && found[0].letter.group == "billing")
            #expect(found[0].letter.error == "does not fit")
            #expect(try Event(json: found[0].letter.event).subject == "bad")
            #expect(applications.count("bad") == 5 && applications.count("good") == 1)
            try await eventually { try await pending(bus) == 0 }
            try await eventually { metrics.exposition().contains(#"lms_events_dead_total{consumer="billing"} 1"#) }
            try await bus.publish("later")
            try await eventually { applications.count("later") == 1 }
        }
    }

    @Test func `while the database is away an event waits, however many instances there are to claim it`() async throws
    {
        let servers = try await TestServers.start()
        try await withBus(on: servers) { bus, group in
            let applications = Applications()
            for _ in 0..<7 {
                // A database that has just come back may be slow to answer the first.
                let consumer = makeConsumer(bus, applications, after: .milliseconds(200))
                group.addTask { try await consumer.run() }
            }
            try await bus.publish("before")
            try await eventually { applications.count("before") > 0 }
            await servers.postgres?.stop()
            try await bus.publish("meanwhile")
            // As long as it takes to claim an entry more often than it may be delivered.
            try await eventually {
                try await bus.redis.xpending(stream, group: "billing", idle: .seconds(2), count: 1).count == 1
            }
            let letters = DeadLetters(of: stream, redis: bus.redis)
            #expect(try await letters.list(count: 10).isEmpty)
            try await servers.postgres?.start()
            try await eventually(within: .seconds(20)) { applications.count("meanwhile") > 0 }
            try await eventually { try await pending(bus) == 0 }
            #expect(try await letters.list(count: 10).isEmpty)
        }
        await servers.stop()
    }

    @Test func `what a dead instance was given is claimed by another one`() async throws {
        try await withBus { bus, group in
            try await bus.redis.xgroupCreate(stream, group: "billing", from: .start)
            try await bus.publish("left")
            let given = try await bus.redis.xreadgroup([(stream, .undelivered)], group: "billing", consumer: "dead")
            #expect(given.first?.entries.count == 1)
            let applications = Applications()
            let consumer = makeConsumer(bus, applications)
            group.addTask { try await consumer.run() }
            try await eventually { applications.count("left") == 1 }
            try await eventually { try await pending(bus) == 0 }
        }
    }

    @Test func `what has ended every instance is given to no other one`() async throws {
        try await withBus { bus, group in
            try await bus.redis.xgroupCreate(stream, group: "billing", from: .start)
            try await bus.publish("deadly")
            _ = try await bus.redis.xreadgroup([(stream, .undelivered)], group: "billing", consumer: "dead")
            for _ in 0..<4 {
                _ = try await bus.redis.xautoclaim(
                    stream, group: "billing", consumer: "dead", idle: .zero, count: 1)
            }
            let applications = Applications()
            let consumer = makeConsumer(bus, applications)
            group.addTask { try await consumer.run() }
            let letters = DeadLetters(of: stream, redis: bus.redis)
            try await eventually { try await letters.list(count: 10).count == 1 }
            #expect(applications.count("deadly") == 0)
            try await eventually { try await pending(bus) == 0 }
        }
    }

    @Test func `a dead letter is replayed once, and applied when the cause is mended`() async throws {
        try await withBus { bus, group in
            let applications = Applications()
            let consumer = makeConsumer(bus, applications)
            group.addTask { try await consumer.run() }
            try await bus.publish("bad 1")
            try await bus.publish("bad 2")
            let letters = DeadLetters(of: stream, redis: bus.redis)
            let found = try await eventually {
                let found = try await letters.list(count: 10)
                return found.count == 2 ? found : nil
            }
            applications.mend()
            let first = try await letters.replay(found[0].id)
            let again = try await letters.replay(found[0].id)
            #expect(first && !again)
            let subject = try Event(json: found[0].letter.event).subject
            try await eventually { applications.count(subject) == 6 }
            let left = try await letters.list(count: 10)
            #expect(left.map(\.id) == [found[1].id])
        }
    }
}
