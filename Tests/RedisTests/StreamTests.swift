import Redis
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test func entriesComeBackAsTheyWereAdded() async throws {
        try await withClient { redis in
            let stream = freshKey()
            let id = try await redis.xadd(stream, [("data", [0, 255] as [UInt8]), ("kind", "a"), ("kind", "b")])
            let read = try await redis.xread([(stream, .start)])
            let entry = try #require(read.first?.entries.first)
            #expect(read.first?.stream == stream)
            #expect(entry.id == id)
            #expect(entry["data"] == [0, 255])
            #expect(entry.fields.map(\.name) == ["data", "kind", "kind"])
            #expect(entry["kind"] == Array("a"))
            #expect(try await redis.xread([(stream, .after(id))]).isEmpty)
            #expect(try await redis.xlen(stream) == 1)
        }
    }

    @Test func streamsAreTrimmedByLengthAndByIdentity() async throws {
        try await withClient { redis in
            let stream = freshKey()
            for number: UInt64 in 1...10 {
                try await redis.xadd(stream, [("n", Int(number))], id: StreamID(milliseconds: number))
            }
            #expect(try await redis.xtrim(stream, .before(StreamID(milliseconds: 4), exactly: true)) == 3)
            #expect(try await redis.xrange(stream, count: 1).first?.id == StreamID(milliseconds: 4))
            #expect(try await redis.xtrim(stream, .before(StreamID(milliseconds: 6))) == 0)
            try await redis.xadd(stream, [("n", 11)], trim: .toLength(2, exactly: true))
            #expect(try await redis.xlen(stream) == 2)
        }
    }

    @Test func aGroupDeliversAnEntryOnceAndKeepsItUntilAcknowledged() async throws {
        try await withClient { redis in
            let stream = freshKey()
            #expect(try await redis.xgroupCreate(stream, group: "g", from: .start))
            #expect(try await redis.xgroupCreate(stream, group: "g", from: .start) == false)
            #expect(try await redis.xgroupDestroy(stream, group: "h") == false)
            #expect(try await redis.xgroupDestroy(stream + "-none", group: "g") == false)
            #expect(try await redis.xgroupDestroy(stream, group: "g"))
            #expect(try await redis.xgroupCreate(stream, group: "g", from: .start))
            let ids = [try await redis.xadd(stream, [("n", 1)]), try await redis.xadd(stream, [("n", 2)])]
            let first = try await redis.xreadgroup([(stream, .undelivered)], group: "g", consumer: "a", count: 1)
            #expect(first.first?.entries.map(\.id) == [ids[0]])
            let second = try await redis.xreadgroup([(stream, .undelivered)], group: "g", consumer: "b")
            #expect(second.first?.entries.map(\.id) == [ids[1]])
            let again = try await redis.xreadgroup([(stream, .pending(after: .zero))], group: "g", consumer: "a")
            #expect(again.first?.entries.map(\.id) == [ids[0]])

            let pending = try await redis.xpending(stream, group: "g")
            #expect(pending.count == 2)
            #expect((pending.lowest, pending.highest) == (ids[0], ids[1]))
            #expect(pending.consumers == ["a": 1, "b": 1])

            #expect(try await redis.xack(stream, group: "g", ids) == 2)
            let empty = try await redis.xpending(stream, group: "g")
            #expect((empty.count, empty.lowest, empty.consumers) == (0, nil, [:]))
            let group = try #require(try await redis.xinfoGroups(stream).first)
            #expect((group.name, group.consumers, group.pending) == ("g", 2, 0))
            #expect((group.lastDelivered, group.lag) == (ids[1], 0))
        }
    }

    @Test func anEntryOfADeadConsumerIsClaimed() async throws {
        try await withClient { redis in
            let stream = freshKey()
            try await redis.xgroupCreate(stream, group: "g", from: .start)
            var ids: [StreamID] = []
            for number in 0..<3 { ids.append(try await redis.xadd(stream, [("n", number)])) }
            _ = try await redis.xreadgroup([(stream, .undelivered)], group: "g", consumer: "dead")
            _ = try await redis.send(RedisCommand("XDEL", stream, ids[1]))

            let claim = try await redis.xautoclaim(stream, group: "g", consumer: "alive", idle: .zero, count: 10)
            #expect(claim.next == nil)
            #expect(claim.entries.map(\.id) == [ids[0], ids[2]])
            #expect(claim.deleted == [ids[1]])
            let pending = try await redis.xpending(stream, group: "g", from: .zero, count: 10)
            #expect(pending.map(\.id) == [ids[0], ids[2]])
            #expect(pending.allSatisfy { $0.consumer == "alive" && $0.deliveries == 2 })
            let partial = try await redis.xautoclaim(stream, group: "g", consumer: "alive", idle: .zero, count: 1)
            #expect(partial.next == ids[2])
        }
    }

    @Test func oneEntryIsClaimedOnceItHasBeenPendingForLong() async throws {
        try await withClient { redis in
            let stream = freshKey()
            try await redis.xgroupCreate(stream, group: "g", from: .start)
            let id = try await redis.xadd(stream, [("n", 1)])
            _ = try await redis.xreadgroup([(stream, .undelivered)], group: "g", consumer: "dead")
            func claim(_ idle: Duration, _ id: StreamID) async throws -> StreamEntry? {
                try await redis.xclaim(stream, group: "g", consumer: "alive", idle: idle, id)
            }
            #expect(try await claim(.seconds(60), id) == nil)
            let recent = try await redis.xpending(stream, group: "g", idle: .seconds(60), count: 10)
            #expect(recent.isEmpty)
            #expect(try await claim(.zero, id)?["n"] == [UInt8]("1"))
            let pending = try await redis.xpending(stream, group: "g", count: 10)
            #expect(pending.map(\.consumer) == ["alive"] && pending.map(\.deliveries) == [2])
            try await redis.xack(stream, group: "g", [id])
            #expect(try await claim(.zero, id) == nil)
        }
    }

    @Test func aStreamSaysWhatItHasAndHad() async throws {
        try await withClient { redis in
            let stream = freshKey()
            var ids: [StreamID] = []
            for number in 0..<3 { ids.append(try await redis.xadd(stream, [("n", number)])) }
            try await redis.xtrim(stream, .before(ids[1], exactly: true))
            let summary = try await redis.xinfoStream(stream)
            #expect(summary.length == 2 && summary.added == 3)
            #expect(summary.first == ids[1] && summary.last == ids[2])
            try await redis.xtrim(stream, .toLength(0, exactly: true))
            let empty = try await redis.xinfoStream(stream)
            #expect(empty.length == 0 && empty.first == nil && empty.last == ids[2])
        }
    }

    @Test func aMissingGroupIsTold() async throws {
        try await withClient { redis in
            let error = await #expect(throws: RedisError.self) {
                try await redis.xreadgroup([(freshKey(), .undelivered)], group: "g", consumer: "a")
            }
            #expect(error?.serverPrefix == "NOGROUP")
        }
    }

    @Test func aBlockingReadReturnsWhatIsAddedMeanwhile() async throws {
        try await withServer { redis, _ in
            let stream = freshKey()
            try await withThrowingTaskGroup(of: [StreamEntries].self) { group in
                group.addTask {
                    try await redis.withConnection { try await $0.xread([(stream, .end)], block: .seconds(20)) }
                }
                try await eventually { try await redis.blockedClients == 1 }
                let id = try await redis.xadd(stream, [("n", 1)])
                #expect(try await group.next()?.first?.entries.map(\.id) == [id])
            }
        }
    }

    @Test func aBlockingReadEndsByItselfAfterItsTime() async throws {
        var configuration = try await emptyDatabase()
        configuration.commandTimeout = .milliseconds(500)
        try await withClient(configuration) { redis in
            let read = try await redis.withConnection { connection in
                try await connection.xread([(freshKey(), .end)], block: .milliseconds(700))
            }
            #expect(read.isEmpty)
        }
    }

    @Test func aBlockingReadEndsAtOnceWhenItsTaskIsCancelled() async throws {
        try await withServer { redis, _ async throws in
            let reader = Task {
                try await redis.withConnection { try await $0.xread([("stream", .end)], block: .seconds(60)) }
            }
            try await eventually { try await redis.blockedClients == 1 }
            let start = ContinuousClock.now
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            #expect(start.duration(to: .now) < .seconds(5))
            try await eventually { try await redis.blockedClients == 0 }
        }
    }
}

extension RedisClient {
    fileprivate var blockedClients: Int {
        get async throws {
            let info = try await send(RedisCommand("INFO", "clients")).string ?? ""
            let line = info.split(separator: "\r\n").first { $0.hasPrefix("blocked_clients:") }
            return line.flatMap { Int($0.dropFirst("blocked_clients:".count)) } ?? 0
        }
    }
}
