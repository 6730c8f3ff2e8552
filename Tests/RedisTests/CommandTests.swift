import Redis
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct CommandTests {
    @Test func setsGetsAndDeletes() async throws {
        try await withClient { redis async throws in
            let key = freshKey()
            #expect(try await redis.get(key) == nil)
            #expect(try await redis.set(key, to: "value"))
            #expect(try await redis.get(key) == Array("value"))
            #expect(try await redis.del(key) == 1)
            #expect(try await redis.del(key) == 0)
        }
    }

    @Test func setIfAbsentKeepsTheFirstValue() async throws {
        try await withClient { redis in
            let key = freshKey()
            #expect(try await redis.set(key, to: "first", .ifAbsent, expiry: .seconds(60)))
            #expect(try await redis.set(key, to: "second", .ifAbsent) == false)
            #expect(try await redis.get(key) == Array("first"))
            let left = try #require(try await redis.send(RedisCommand("PTTL", key)).integer)
            #expect((1...60_000).contains(left))
        }
    }

    @Test func aKeyExpires() async throws {
        try await withClient { redis in
            let key = freshKey()
            try await redis.set(key, to: 1)
            #expect(try await redis.expire(key, after: .milliseconds(20)))
            try await eventually { try await redis.get(key) == nil }
            #expect(try await redis.expire(key, after: .seconds(1)) == false)
        }
    }

    @Test func readsManyKeysInTheirOrder() async throws {
        try await withClient { redis in
            let key = freshKey()
            try await redis.set(key + "a", to: "1")
            try await redis.set(key + "c", to: "3")
            #expect(try await redis.mget([key + "c", key + "b", key + "a"]) == [Array("3"), nil, Array("1")])
            #expect(try await redis.mget([]).isEmpty)
        }
    }

    @Test func valuesAreBinarySafe() async throws {
        try await withClient { redis in
            let key = freshKey()
            let value = (0...255).map { UInt8($0) } + Array("\r\n$3\r\n\0")
            try await redis.set(key, to: value)
            #expect(try await redis.get(key) == value)
            try await redis.set(key, to: [UInt8]())
            #expect(try await redis.get(key) == [])
        }
    }

    @Test func aValueMayBeLarge() async throws {
        try await withClient { redis in
            let key = freshKey()
            let value = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await redis.set(key, to: value)
            #expect(try await redis.get(key) == value)
        }
    }

    @Test func arraysMayBeNested() async throws {
        try await withClient { redis in
            let reply = try await redis.eval(RedisScript("return {1, {'a', {2, {}}}, redis.error_reply('BAD luck')}"))
            #expect(
                reply
                    == .array([
                        .integer(1), .array([.bulk(Array("a")), .array([.integer(2), .array([])])]),
                        .error(prefix: "BAD", message: "luck"),
                    ]))
        }
    }

    @Test func anErrorReplyIsThrown() async throws {
        try await withClient { redis in
            let key = freshKey()
            try await redis.set(key, to: "text")
            let error = await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("LPUSH", key, "1")) }
            #expect(error?.serverPrefix == "WRONGTYPE")
            #expect(error?.isConnectionFailure == false)
        }
    }

    @Test func aPipelineAnswersInOrderAndGoesOnAfterAnError() async throws {
        try await withClient { redis in
            let key = freshKey()
            let replies = try await redis.pipeline([
                .set(key, to: "text"), RedisCommand("INCR", key), RedisCommand("GET", key),
            ])
            #expect(replies.count == 3)
            #expect(replies[0] == .status("OK"))
            guard case .error("ERR", _) = replies[1] else { return #expect(Bool(false), "\(replies[1])") }
            #expect(replies[2] == .bulk(Array("text")))
        }
    }

    @Test func manyTasksShareOneConnectionAndEachGetsItsOwnReplies() async throws {
        try await withClient { redis in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<64 {
                    group.addTask { () async throws in
                        for round in 0..<50 {
                            let text = "\(task):\(round)"
                            #expect(try await redis.send(RedisCommand("ECHO", text)).string == text)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aCancelledTaskDoesNotTakeAnothersReply() async throws {
        try await withClient { redis in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask { () async throws in
                        let cancelled = Task { try await redis.send(RedisCommand("ECHO", "cancelled")) }
                        cancelled.cancel()
                        #expect(try await redis.send(RedisCommand("ECHO", number)).string == "\(number)")
                        _ = await cancelled.result
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aScriptTheServerDoesNotKnowIsSentOnce() async throws {
        try await withServer { redis, _ in
            let script = RedisScript("return {KEYS[1], ARGV[1], #ARGV}")
            let reply = RESPValue.array([.bulk(Array("key")), .bulk(Array("a")), .integer(2)])
            #expect(try await redis.eval(script, keys: ["key"], arguments: ["a", 5]) == reply)
            #expect(try await redis.send(.evalSHA(script, keys: ["key"], arguments: ["a", 5])) == reply)
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            let error = await #expect(throws: RedisError.self) { try await redis.send(.evalSHA(script)) }
            #expect(error?.serverPrefix == "NOSCRIPT")
            #expect(try await redis.eval(script, keys: ["key"], arguments: ["a", 5]) == reply)
        }
    }

    @Test func aScriptRunsByItsHashAndItsSourceIsSentOnce() async throws {
        try await withServer { redis, _ in
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            for number in 1...20 {
                #expect(try await redis.eval(script, keys: ["key"]) == .integer(number))
            }
            let report = try #require(try await redis.send(RedisCommand("INFO", "commandstats")).string)
            let calls = Dictionary(
                uniqueKeysWithValues: report.matches(of: /cmdstat_([^:]+):calls=(\d+)/).map {
                    (String($0.1), Int($0.2))
                })
            // The first time the server does not know it yet.
            #expect(calls["evalsha"] == 20 && calls["eval"] == 1 && calls["script|load"] == nil)
        }
    }

    @Test func theDatabaseOfTheConfigurationIsSelected() async throws {
        let databases = [try await emptyDatabase(), try await emptyDatabase()]
        try await withClient(databases[0]) { _ = try await $0.set("key", to: "value") }
        #expect(try await withClient(databases[1]) { try await $0.get("key") } == nil)
        #expect(try await withClient(databases[0]) { try await $0.get("key") } == Array("value"))
    }
}
