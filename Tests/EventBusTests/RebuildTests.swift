import Foundation
import Kernel
import Logging
import Postgres
import Redis
import Synchronization
import TestKit
import Testing

@testable import EventBus

/// What a consumer does that may have missed events.
struct RebuildTests {
    private let stream = StreamName.events(.devices)

    /// A projection of names in memory but for its table of ids, which the part's statements see.
    private struct Projection: Sendable {
        let owner: TestOwner
        let bus: Bus
        let rebuild: ProjectionRebuild
        let consumer: EventConsumer

        /// What is in the projection.
        func subjects() async throws -> [String] {
            try await bus.billing.query("SELECT id FROM billing.things ORDER BY id").map { try $0.decode(String.self) }
        }

        func isReady() async -> Bool {
            do {
                try await rebuild.check()
                return true
            } catch {
                return false
            }
        }
    }

    private func event(_ subject: String, _ type: String = "device.registered", version: Int = 1) throws -> Event {
        try Event(
            source: .devices, type: type, subject: subject, subjectVersion: version, organizationID: nil, data: 1)
    }

    /// Runs `body` with a projection whose consumer is to be started.
    private func withProjection(
        part: ((SQL, @escaping ProjectionPart.Forget) -> ProjectionPart)? = nil,
        _ body: @Sendable (Projection, inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    ) async throws {
        let owner = try await TestOwner.start()
        let client = TestHTTPServerReader(owner.url)
        let make = part ?? { ProjectionPart("devices", subjects: $0, forget: $1) }
        let things = make("SELECT id FROM billing.things") { ids, transaction in
            try await transaction.query("DELETE FROM billing.things WHERE id = ANY(\(ids))")
        }
        let handler: EventConsumer.Handler = { event, transaction in
            if event.type == "device.deleted" {
                try await transaction.query("DELETE FROM billing.things WHERE id = \(event.subject)")
            } else {
                try await transaction.query(
                    "INSERT INTO billing.things VALUES (\(event.subject)) ON CONFLICT DO NOTHING")
            }
        }
        try await withBus(tables: ["CREATE TABLE billing.things (id text PRIMARY KEY)"]) { bus, group in
            let rebuild = ProjectionRebuild(
                [SnapshotSource(.devices, parts: [things], fetch: client.page)], database: bus.billing,
                logger: .silent, handler: handler)
            let consumer = EventConsumer(
                sources: [.devices, .auth], consumer: .billing, database: bus.billing, redis: bus.redis,
                logger: .silent, redelivery: .init(after: .milliseconds(50)), rebuild: rebuild, handler: handler)
            try await body(Projection(owner: owner, bus: bus, rebuild: rebuild, consumer: consumer), &group)
        }
    }

    @Test func `a new consumer begins with the snapshot and goes on with the stream`() async throws {
        try await withProjection { projection, group in
            projection.owner.set("devices", try ["a", "b", "c"].map { try event($0) })
            try await projection.bus.publish("told before")
            #expect(await !projection.isReady())
            group.addTask { try await projection.consumer.run() }
            try await eventually { try await projection.subjects() == ["a", "b", "c", "told before"] }
            try await eventually { await projection.isReady() }
            try await projection.bus.publish("told after")
            try await eventually { try await projection.subjects().contains("told after") }
            #expect(projection.owner.pagesAsked == ["devices": 2])
        }
    }

    @Test func `when a stream is lost with its events the projection becomes what its owner has`() async throws {
        try await withProjection { projection, group in
            projection.owner.set("devices", try ["kept", "deleted"].map { try event($0) })
            group.addTask { try await projection.consumer.run() }
            // The stream is read, and not just about to be.
            try await projection.bus.publish("seen")
            try await eventually { try await projection.subjects() == ["deleted", "kept", "seen"] }
            projection.owner.set("devices", try ["kept", "registered"].map { try event($0) })
            try await projection.bus.redis.del(stream)
            try await eventually { try await projection.subjects() == ["kept", "registered"] }
            try await projection.bus.publish("later")
            try await eventually { try await projection.subjects() == ["kept", "later", "registered"] }
        }
    }

    @Test func `a group whose next events were trimmed is overtaken`() async throws {
        try await withProjection { projection, group in
            let redis = projection.bus.redis
            try await redis.xgroupCreate(stream, group: "billing", from: .start)
            let lost = try await projection.bus.publish("lost")
            _ = try await redis.xreadgroup([(stream, .undelivered)], group: "billing", consumer: "c")
            try await redis.xack(stream, group: "billing", [lost])
            try await projection.bus.publish("trimmed")
            let left = try await projection.bus.publish("left")
            try await redis.xtrim(stream, .before(left, exactly: true))
            projection.owner.set("devices", [try event("trimmed")])
            group.addTask { try await projection.consumer.run() }
            try await eventually { try await projection.subjects() == ["left", "trimmed"] }
        }
    }

    @Test func `a group that has missed nothing asks nobody`() async throws {
        try await withProjection { projection, group in
            let redis = projection.bus.redis
            try await redis.xgroupCreate(stream, group: "billing", from: .start)
            let older = try await projection.bus.publish("older")
            let seen = try await projection.bus.publish("seen")
            _ = try await redis.xreadgroup([(stream, .undelivered)], group: "billing", consumer: "c")
            try await redis.xack(stream, group: "billing", [older, seen])
            try await redis.xtrim(stream, .before(seen, exactly: true))
            group.addTask { try await projection.consumer.run() }
            try await projection.bus.publish("new")
            try await eventually { try await projection.subjects() == ["new"] }
            #expect(projection.owner.pagesAsked.isEmpty)
        }
    }

    @Test func `while the owner is away other streams are read, and readiness waits only where nothing is known`()
        async throws
    {
        try await withProjection { projection, group in
            projection.owner.setAway(true)
            projection.owner.set("devices", [try event("a")])
            group.addTask { try await projection.consumer.run() }
            try await eventually { projection.owner.pagesAsked["devices"] ?? 0 >= 2 }
            #expect(await !projection.isReady())
            let other = try Event(
                source: .auth, type: "x", subject: "of auth", subjectVersion: 1, organizationID: nil, data: 1)
            try await projection.bus.redis.xadd(StreamName.events(.auth), [("event", other.json)])
            try await eventually { try await projection.subjects() == ["of auth"] }
            #expect(await projection.isReady())
            projection.owner.setAway(false)
            try await eventually(within: .seconds(20)) { try await projection.subjects() == ["a"] }
        }
    }

    @Test func `several instances rebuild once between them`() async throws {
        try await withProjection { projection, group in
            projection.owner.set("devices", try ["a", "b", "c"].map { try event($0) })
            for _ in 0..<4 { group.addTask { try await projection.consumer.run() } }
            try await eventually { try await projection.subjects() == ["a", "b", "c"] }
            for number in 0..<4 {
                try await projection.bus.publish("later \(number)")
                try await eventually { try await projection.subjects().contains("later \(number)") }
            }
            #expect(projection.owner.pagesAsked == ["devices": 2])
        }
    }

    @Test func `an owner that has no organization at all makes nobody forget those that are known`() async throws {
        let organizations: (SQL, @escaping ProjectionPart.Forget) -> ProjectionPart = { subjects, forget in
            .organizations(subjects: subjects) { id, transaction in try await forget([id.text], transaction) }
        }
        try await withProjection(part: organizations) { projection, group in
            let (kept, gone) = (UUID.v7().text, UUID.v7().text)
            for id in [kept, gone] {
                _ = try await projection.bus.billing.query("INSERT INTO billing.things VALUES (\(id))")
            }
            group.addTask { try await projection.consumer.run() }
            try await eventually { projection.owner.pagesAsked["organizations"] ?? 0 >= 2 }
            #expect(try await projection.subjects() == [kept, gone].sorted())
            projection.owner.set("organizations", [try event(kept, "organization.updated")])
            try await eventually(within: .seconds(20)) { try await projection.subjects() == [kept] }
        }
    }

    @Test func `an event within a page is the event`() throws {
        let data: JSONValue = [
            "text": "ä\"\\", "whole": 9_007_199_254_740_991, "part": 0.1, "none": .null, "list": [true],
        ]
        let sent = try Event(
            source: .devices, type: "device.registered", subject: "s", subjectVersion: 3, organizationID: .v7(),
            data: data)
        let page = SnapshotPage([(cursor: "s", event: sent)])
        let received = try JSONDecoder().decode(SnapshotPage.self, from: JSONEncoder().encode(page))
        #expect(received.next == nil)
        let event = try #require(received.items.first)
        #expect(event.id == sent.id && event.time == sent.time && event.organizationID == sent.organizationID)
        #expect(try event.decode(JSONValue.self) == data)
    }

    @Test func `a stream that does not open is tried again later and later`() {
        let start = ContinuousClock.now
        var opening = StreamOpening(["a", "b"])
        #expect(opening.takeDue(at: start) == ["a", "b"])
        opening.opened("a")
        #expect(opening.open == ["a"])
        #expect(opening.takeDue(at: start).isEmpty)
        #expect(opening.untilDue(at: start).map { $0 <= .milliseconds(100) } == true)
        #expect(opening.takeDue(at: start + .milliseconds(100)) == ["b"])
        #expect(opening.takeDue(at: start + .seconds(20)) == ["b"])
        opening.opened("b")
        #expect(opening.untilDue(at: start) == nil)
        #expect(opening.takeDue(at: start + .seconds(40)).isEmpty)
    }
}

/// Asks an owner as a service's client does.
private struct TestHTTPServerReader: Sendable {
    private let client: TestHTTPClient

    init(_ url: String) {
        client = TestHTTPClient(port: Int(url.split(separator: ":").last ?? "") ?? 0)
    }

    func page(_ path: String) async throws -> SnapshotPage? {
        struct Refused: Error {}
        let response = try await client.get(path)
        guard response.status == 200 else { throw Refused() }
        return try JSONDecoder().decode(SnapshotPage.self, from: Data(response.text.utf8))
    }
}
