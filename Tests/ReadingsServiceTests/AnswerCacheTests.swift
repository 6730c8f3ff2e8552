import Foundation
import Identity
import Kernel
import Logging
import NIOCore
import Redis
import TestKit
import Testing

@testable import ReadingsService

@Suite struct AnswerCacheTests {
    /// It keeps answers for longer than a test waits, so that what is seen anew was computed anew.
    private static let server = Task {
        try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase(), keepingAnswersFor: .seconds(50))
    }

    // MARK: Questions

    private func digest(
        _ path: String = "/p", _ parameters: KeyValuePairs<String, String> = ["a": "1", "b": "2"],
        _ visibility: DeviceVisibility = .all
    ) -> String {
        Question.digest(path: path, parameters.map { (name: $0.key, value: $0.value) }, visibility, device: nil)
    }

    @Test func `the order of parameters does not matter, but that of one name's values`() {
        #expect(digest("/p", ["b": "2", "a": "1"]) == digest())
        #expect(digest("/p", ["a": "1", "a": "2"]) != digest("/p", ["a": "2", "a": "1"]))
    }

    @Test func `another path, parameter or caller's view is another question`() {
        let (one, two) = (UUID.v7(), UUID.v7())
        let all = [
            digest(), digest("/q"), digest("/p", ["a": "1", "b": "3"]), digest("/p", ["a": "1b2"]), digest("/p", [:]),
            digest("/p", [:], .only(devices: [], projects: [])), digest("/p", [:], .only(devices: [one], projects: [])),
            digest("/p", [:], .only(devices: [], projects: [one])),
            digest("/p", [:], .only(devices: [one, two], projects: [])),
        ]
        #expect(Set(all).count == all.count)
        #expect(all.last == digest("/p", [:], .only(devices: [two, one], projects: [])))
    }

    // MARK: Of several instances

    private func parts() async throws -> (cache: AnswerCache, store: AnswerStore, question: Question) {
        let server = try await ReadingsServer.shared()
        let store = AnswerStore(redis: server.service.redis, lifetime: .seconds(10))
        return (
            AnswerCache(store: store, logger: Logger(label: "test")), store,
            Question(organization: .v7(), takesKept: true, digest: "d")
        )
    }

    @Test func `an answer is kept until there is something new, and computed then`() async throws {
        let (cache, store, question) = try await parts()
        #expect(try await cache.answer(question) { ByteBuffer(string: "1") } == ByteBuffer(string: "1"))
        #expect(try await cache.answer(question) { ByteBuffer(string: "2") } == ByteBuffer(string: "1"))
        try await store.begin([question.organization: 7])
        #expect(try await cache.answer(question) { ByteBuffer(string: "3") } == ByteBuffer(string: "3"))
        let fresh = Question(organization: question.organization, takesKept: false, digest: "d")
        #expect(try await cache.answer(fresh) { ByteBuffer(string: "4") } == ByteBuffer(string: "4"))
        #expect(try await cache.answer(question) { ByteBuffer(string: "5") } == ByteBuffer(string: "3"))
    }

    @Test func `what is stored while an answer is computed makes it an older one`() async throws {
        let (cache, store, question) = try await parts()
        _ = try await cache.answer(question) {
            try await store.begin([question.organization: 7])
            return ByteBuffer(string: "1")
        }
        #expect(try await store.find(question).kept?.isCurrent == false)
    }

    @Test func `while another instance computes the new answer, the older one is given`() async throws {
        let (cache, store, question) = try await parts()
        try await store.keep(Array("older".utf8), for: question, of: [])
        try await store.begin([question.organization: 7])
        let turn = try #require(try await store.takeTurn(for: question))
        #expect(try await cache.answer(question) { ByteBuffer(string: "new") } == ByteBuffer(string: "older"))
        // A turn is given back by who has it alone.
        try await store.giveBackTurn("another", for: question)
        #expect(try await store.isTurnTaken(for: question))
        try await store.giveBackTurn(turn, for: question)
        #expect(try await cache.answer(question) { ByteBuffer(string: "new") } == ByteBuffer(string: "new"))
        #expect(try await !store.isTurnTaken(for: question))
    }

    @Test func `where there is none, what another instance computes is waited for`() async throws {
        let (cache, store, question) = try await parts()
        _ = try #require(try await store.takeTurn(for: question))
        async let answer = cache.answer(question) { ByteBuffer(string: "own") }
        try await store.keep(Array("theirs".utf8), for: question, of: [])
        #expect(try await answer == ByteBuffer(string: "theirs"))
    }

    @Test func `where another instance fails, the answer is computed here`() async throws {
        let (cache, store, question) = try await parts()
        let turn = try #require(try await store.takeTurn(for: question))
        async let answer = cache.answer(question) { ByteBuffer(string: "own") }
        try await store.giveBackTurn(turn, for: question)
        #expect(try await answer == ByteBuffer(string: "own"))
    }

    @Test func `what is too large is not kept, and a failure gives the turn back`() async throws {
        let (cache, store, question) = try await parts()
        let large = ByteBuffer(repeating: 0x20, count: AnswerStore.mostBytes + 1)
        #expect(try await cache.answer(question) { large } == large)
        #expect(try await store.find(question).kept == nil)
        await #expect(throws: UnknownTimeZone.self) {
            try await cache.answer(question) { throw UnknownTimeZone() }
        }
        #expect(try await !store.isTurnTaken(for: question))
    }

    @Test func `who goes away while it computes gives the turn back`() async throws {
        let (cache, store, question) = try await parts()
        let asked = Task {
            try await cache.answer(question) {
                try await Task.sleep(for: .seconds(60))  // Until it is cancelled.
                return ByteBuffer()
            }
        }
        try await eventually { try await store.isTurnTaken(for: question) }
        asked.cancel()
        await #expect(throws: CancellationError.self) { try await asked.value }
        #expect(try await !store.isTurnTaken(for: question))
    }

    // MARK: Of the service

    @Test func `statistics are kept, told anew on request, and follow what devices send`() async throws {
        let server = try await Self.server.value
        let device = try await server.device()
        let redis = server.service.redis
        #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)
        try await eventually { try await redis.get("lms:answers:\(device.organization.text):generation") != nil }
        let user = try await server.service.user(.viewer, of: device.organization)
        func count(_ headers: KeyValuePairs<String, String> = [:]) async throws -> Int? {
            var fields: [(String, String)] = []
            for (name, value) in headers { fields.append((name, value)) }
            return try await user.get("/api/v1/readings/stats", headers: .init(fields)).json["items"][0]["count"].int
        }
        #expect(try await count() == 1)
        try await server.service.query(
            """
            INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
            SELECT id, now() - interval '1 second', 5, 2, 0 FROM readings.series WHERE device_id = \(device.id)
            """)
        #expect(try await count() == 1)
        #expect(try await count(["Cache-Control": "no-cache"]) == 2)
        #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)
        try await eventually { try await count() == 3 }
        // Who sees nothing of it does not see what is kept.
        let guest = try await server.service.user(
            nil, of: device.organization, grants: [ResourceGrant(resource: .device(.v7()), role: .viewer)])
        #expect(try await guest.get("/api/v1/readings/stats").json["items"] == [])
        let stranger = try await server.service.user(.viewer, of: .v7())
        #expect(try await stranger.get("/api/v1/readings/stats").json["items"] == [])
    }

    @Test func `without Redis every answer is computed`() async throws {
        let servers = try await TestServers.start()
        let redis = try #require(servers.redis)
        let server = try await ReadingsServer.start(
            on: try await ReadingsServer.makeDatabase(on: servers), keepingAnswersFor: .seconds(10))
        let device = try await server.device()
        #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)
        await redis.kill(.kill)
        #expect(try await device.client.get("\(device.path)/stats").json["items"][0]["count"] == 1)
        #expect(try await device.send(["sensor_type": "t", "value": 2]).status == 201)
        #expect(try await device.client.get("\(device.path)/stats").json["items"][0]["count"] == 2)
        await servers.stop()
    }
}
