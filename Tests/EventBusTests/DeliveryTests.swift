import Foundation
import Kernel
import Logging
import Postgres
import Redis
import Synchronization
import TestKit
import Testing

@testable import EventBus

/// From the outbox through the relay to consumers and tails, with real servers.
struct DeliveryTests {
    @Test func `what is committed is published in order and leaves the outbox; what rolls back is not`() async throws {
        struct Change: Error {}
        try await withBus { bus, group in
            let relay = OutboxRelay(outbox: bus.outbox, database: bus.devices, redis: bus.redis, logger: .silent)
            group.addTask { try await relay.run() }
            await #expect(throws: Change.self) {
                try await bus.devices.withTransaction { transaction in
                    let event = try Event(
                        source: .devices, type: "x", subject: "lost", subjectVersion: 1, organizationID: nil, data: 1)
                    try await transaction.query(bus.outbox.append(event))
                    throw Change()
                }
            }
            for version in 1...20 { _ = try await bus.tell("d", version: version) }
            let events = try await eventually {
                let events = try await bus.published()
                return events.count == 20 ? events : nil
            }
            #expect(events.map(\.subjectVersion) == Array(1...20))
            #expect(events.allSatisfy { $0.subject == "d" })
            try await bus.waitUntilAllIsRelayed()
        }
    }

    @Test func `two instances of a consumer apply each event once between them`() async throws {
        try await withBus { bus, group in
            let applied = Mutex<[UUID]>([])
            for _ in 0..<2 {
                let consumer = EventConsumer(
                    sources: [.devices], consumer: .billing, database: bus.billing, redis: bus.redis, logger: .silent
                ) { event, _ in applied.withLock { $0.append(event.id) } }
                group.addTask { try await consumer.run() }
            }
            var sent: Set<UUID> = []
            for number in 0..<30 {
                let event = try Event(
                    source: .devices, type: "x", subject: "\(number)", subjectVersion: 1, organizationID: nil, data: 1)
                try await bus.redis.xadd(StreamName.events(.devices), [("event", event.json)])
                sent.insert(event.id)
            }
            try await eventually { applied.withLock { $0.count } >= 30 }
            #expect(applied.withLock { $0.count } == 30)
            #expect(Set(applied.withLock(\.self)) == sent)
            try await eventually {
                try await bus.redis.xpending(StreamName.events(.devices), group: "billing").count == 0
            }
        }
    }

    @Test func `what has gathered is applied in one transaction, and each by itself when one does not fit`()
        async throws
    {
        struct Unfit: Error {}
        try await withBus(tables: ["CREATE TABLE billing.seen (subject text, transaction text)"]) { bus, group in
            for subject in ["a", "b", "c"] { try await bus.publish(subject) }
            let consumer = EventConsumer(
                sources: [.devices], consumer: .billing, database: bus.billing, redis: bus.redis, logger: .silent,
                gathering: .milliseconds(10)
            ) { event, transaction in
                try await transaction.query(
                    "INSERT INTO billing.seen VALUES (\(event.subject), pg_current_xact_id()::text)")
                guard event.subject != "unfit" else { throw Unfit() }
            }
            let seen: @Sendable () async throws -> [(subject: String, transaction: String)] = {
                try await bus.billing.query("SELECT subject, transaction FROM billing.seen ORDER BY subject")
                    .map { try $0.decode(String.self, String.self) }
            }
            group.addTask { try await consumer.run() }
            try await eventually { try await seen().map(\.subject) == ["a", "b", "c"] }
            #expect(try await Set(seen().map(\.transaction)).count == 1)
            try await bus.publish(["d", "unfit", "e"])
            try await eventually { try await seen().map(\.subject) == ["a", "b", "c", "d", "e"] }
            #expect(try await Set(seen().map(\.transaction)).count == 3)
        }
    }

    @Test func `copies that apply several events in a transaction do not wait for each other in a circle`() async throws
    {
        let tables: [SQL] = [
            "CREATE TABLE billing.counted (id text PRIMARY KEY, n int8 NOT NULL)",
            "INSERT INTO billing.counted VALUES ('a', 0), ('b', 0)",
        ]
        try await withBus(tables: tables) { bus, group in
            let tries = Atomic(0)
            for _ in 0..<2 {
                let consumer = EventConsumer(
                    sources: [.devices], consumer: .billing, database: bus.billing, redis: bus.redis, logger: .silent,
                    gathering: .milliseconds(1)
                ) { event, transaction in
                    tries.add(1, ordering: .relaxed)
                    try await transaction.query("UPDATE billing.counted SET n = n + 1 WHERE id = \(event.subject)")
                }
                group.addTask { try await consumer.run() }
            }
            for _ in 0..<20 { try await bus.publish(["a", "b", "b", "a", "a", "b"]) }
            try await eventually {
                try await bus.billing.query("SELECT min(n) FROM billing.counted")[0].decode(Int.self) == 60
            }
            // One that a circle ended would have been tried again.
            #expect(tries.load(ordering: .relaxed) == 120)
        }
    }

    @Test func `an event that cannot be applied stays pending and does not hold up the others`() async throws {
        struct Unfit: Error {}
        try await withBus { bus, group in
            let applied = Mutex<[String]>([])
            let consumer = EventConsumer(
                sources: [.devices], consumer: .billing, database: bus.billing, redis: bus.redis, logger: .silent
            ) { event, _ in
                guard event.subject != "bad" else { throw Unfit() }
                applied.withLock { $0.append(event.subject) }
            }
            group.addTask { try await consumer.run() }
            for subject in ["bad", "good"] {
                let event = try Event(
                    source: .devices, type: "x", subject: subject, subjectVersion: 1, organizationID: nil, data: 1)
                try await bus.redis.xadd(StreamName.events(.devices), [("event", event.json)])
            }
            try await eventually { applied.withLock(\.self) == ["good"] }
            try await eventually {
                try await bus.redis.xpending(StreamName.events(.devices), group: "billing").count == 1
            }
        }
    }

    @Test func `a tail tells when it is in place, and then everything that comes`() async throws {
        try await withBus { bus, group in
            let old = try Event(
                source: .devices, type: "x", subject: "old", subjectVersion: 1, organizationID: nil, data: 1)
            try await bus.redis.xadd(StreamName.events(.devices), [("event", old.json)])
            let items = Mutex<[String]>([])
            let tail = EventTail(sources: [.devices], redis: bus.redis, logger: .silent) { item in
                items.withLock { items in
                    switch item {
                    case .established: items.append("established")
                    case .event(let event): items.append(event.subject)
                    }
                }
            }
            group.addTask { try await tail.run() }
            try await eventually { items.withLock(\.self) == ["established"] }
            let new = try Event(
                source: .devices, type: "x", subject: "new", subjectVersion: 1, organizationID: nil, data: 1)
            try await bus.redis.xadd(StreamName.events(.devices), [("event", new.json)])
            try await eventually { items.withLock(\.self) == ["established", "new"] }
        }
    }

    @Test func `a live frame is appended only while somebody watches`() async throws {
        try await withBus { bus, _ in
            let organization = UUID.v7()
            let frame = LiveStream.Frame(deviceID: nil, json: Array("{}".utf8))
            _ = try await bus.redis.send(LiveStream.publish(.alert, [frame], to: organization))
            try await bus.redis.set(StreamName.watch(organization), to: "1")
            _ = try await bus.redis.send(LiveStream.publish(.alert, [frame], to: organization))
            let entries = try await bus.redis.xrange(StreamName.live(organization), count: 10)
            #expect(entries.count == 1)
            #expect(entries.first?["kind"] == Array("alert".utf8))
        }
    }
}
