import Redis
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct FailureTests {
    @Test func aKilledServerFailsWhatIsUnderWayAndTheNextOneServes() async throws {
        try await withServer { redis, server in
            let channel = freshKey()
            let subscription = redis.subscribe(to: channel)
            var events = subscription.makeAsyncIterator()
            await expectNext(of: &events, .established)
            await server.process.send(.stop)
            let outcomes = try await withThrowingTaskGroup(of: RedisError?.self) { group in
                let (asked, continuation) = AsyncStream.makeStream(of: Void.self)
                for _ in 0..<64 {
                    group.addTask {
                        continuation.yield()
                        return await outcome { try await redis.ping() }
                    }
                }
                var each = asked.makeAsyncIterator()
                for _ in 0..<64 { await each.next() }
                await server.process.kill()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 64)
            #expect(outcomes.allSatisfy { $0?.isConnectionFailure == true })
            try await eventually { await outcome { try await redis.ping() }?.isUnavailable == true }

            try await server.process.start()
            try await redis.waitUntilConnected()
            try await redis.ping()
            await expectNext(of: &events, .established)
            #expect(try await redis.publish("after", to: channel) == 1)
            await expectNext(of: &events, .message(RedisMessage(channel: channel, payload: Array("after"))))
        }
    }

    @Test func whatIsSentWithoutAConnectionFailsAtOnce() async throws {
        try await withClient(RedisConfiguration(host: "127.0.0.1", port: 1), waits: false) { redis async throws in
            let start = ContinuousClock.now
            let error = await outcome { try await redis.ping() }
            #expect(error?.isUnavailable == true)
            #expect(start.duration(to: .now) < .seconds(1))
            try await eventually { "\(redis.status)".contains("Connection refused") }
            await #expect(throws: RedisError.self) { try await redis.withConnection { try await $0.ping() } }
        }
    }

    @Test func waitingForAConnectionEndsWithTheTask() async throws {
        try await withClient(RedisConfiguration(host: "127.0.0.1", port: 1), waits: false) { redis in
            let waiting = Task { try await redis.waitUntilConnected() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test func aServerThatDoesNotAnswerInTimeIsLeftAndFoundAgain() async throws {
        try await withServer(commandTimeout: .milliseconds(200)) { redis, server in
            await server.process.send(.stop)
            #expect(await outcome { try await redis.ping() } == .timedOut)
            try await eventually { await outcome { try await redis.ping() }?.isUnavailable == true }
            await server.process.send(.resume)
            try await redis.waitUntilConnected()
            try await redis.ping()
        }
    }

    @Test func aLateReplyIsNotTakenForTheNextCommands() async throws {
        try await withServer(commandTimeout: .seconds(1)) { redis, server async throws in
            await server.process.send(.stop)
            #expect(await outcome { _ = try await redis.send(RedisCommand("ECHO", "late")) } == .timedOut)
            await server.process.send(.resume)
            #expect(try await redis.send(RedisCommand("ECHO", "mine")).string == "mine")
        }
    }

    @Test func aWrongPasswordIsTheReasonForHavingNoConnection() async throws {
        var configuration = try await emptyDatabase()
        configuration.password = "wrong-secret"
        try await withClient(configuration, waits: false) { redis in
            try await eventually { "\(redis.status)".contains("WRONGPASS") }
            let error = try #require(await outcome { try await redis.ping() })
            #expect(error.isUnavailable)
            #expect(!"\(error)".contains("wrong-secret"))
        }
    }

    @Test func aUserMayLogInByName() async throws {
        try await withServer { redis, server in
            _ = try await redis.send(RedisCommand("ACL", "SETUSER", "lms", "on", ">p@ss:word", "+@all", "~*", "&*"))
            let url = "redis://lms:p%40ss%3Aword@localhost:\(server.configuration.port)/3"
            try await withClient(try RedisConfiguration(url: url)) { named async throws in
                #expect(try await named.send(RedisCommand("ACL", "WHOAMI")).string == "lms")
            }
        }
    }

    @Test func anUnknownHostIsTold() async throws {
        let error = await outcome {
            try await RedisClient(RedisConfiguration(host: "nowhere.invalid")).withConnection { try await $0.ping() }
        }
        guard case .connectionFailed("nowhere.invalid:6379", _) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
    }
}

/// The error of a call that is expected to fail with one of ours.
private func outcome(_ body: () async throws -> Void) async -> RedisError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RedisError
    }
}

extension RedisError {
    fileprivate var isUnavailable: Bool {
        guard case .unavailable = self else { return false }
        return true
    }
}
