import Foundation
import Logging
import Redis
import Synchronization
import TestKit
import Testing

@testable import Identity

@Suite struct RevocationTests {
    private let user = UserPrincipal.sample()
    private var issued: Int64 { user.issuedAt.microseconds }

    private func revokes(_ subject: Revocation.Subject, at: Int64, _ principal: UserPrincipal) -> Bool {
        var set = RevocationSet()
        set.insert(Revocation(subject, at: at, until: at + 1_000_000), now: at)
        return set.revokes(principal)
    }

    @Test func eachKindVoidsItsOwn() throws {
        let organization = try #require(user.organizationID)
        let session = try #require(user.sessionID)
        #expect(revokes(.session(session), at: issued, user))
        #expect(revokes(.token(user.tokenID), at: issued, user))
        #expect(revokes(.user(user.id), at: issued + 1, user))
        #expect(revokes(.membership(user: user.id, organization: organization), at: issued + 1, user))
        #expect(revokes(.organization(organization), at: issued, user))
        let other = UserPrincipal.sample()
        for subject: Revocation.Subject in [
            .session(session), .token(user.tokenID), .user(user.id), .organization(organization),
            .membership(user: user.id, organization: organization),
            .membership(user: other.id, organization: organization),
        ] {
            #expect(!revokes(subject, at: issued + 1, other))
        }
    }

    @Test func whatIsIssuedAfterwardsHolds() throws {
        let organization = try #require(user.organizationID)
        #expect(!revokes(.user(user.id), at: issued, user))
        #expect(!revokes(.membership(user: user.id, organization: organization), at: issued, user))
    }

    @Test func aPersonalAccessTokenHoldsAgainOnceItIsLookedUpAfterwards() {
        var token = user
        token.sessionID = nil
        #expect(revokes(.token(token.tokenID), at: issued + 1, token))
        #expect(!revokes(.token(token.tokenID), at: issued, token))
    }

    @Test func aDeviceFallsWithItsKeyAndItsOrganization() {
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: SecretHash(of: "key"))
        var set = RevocationSet()
        #expect(!set.revokes(device))
        set.insert(Revocation(.deviceKey(SecretHash(of: "other")), at: 0, until: 10), now: 5)
        #expect(!set.revokes(device))
        set.insert(Revocation(.deviceKey(device.keyHash), at: 0, until: 10), now: 5)
        #expect(set.revokes(device))
        var another = RevocationSet()
        another.insert(Revocation(.organization(device.organizationID), at: 0, until: 10), now: 5)
        #expect(another.revokes(device))
    }

    @Test func whatCannotMatterAnyMoreIsForgotten() {
        var set = RevocationSet()
        for _ in 0..<100_000 { set.insert(Revocation(.token(UUID()), at: 0, until: 10), now: 5) }
        for _ in 0..<200_000 { set.insert(Revocation(.token(UUID()), at: 20, until: 21), now: 20) }
        set.insert(Revocation(.token(UUID()), at: 0, until: 10), now: 20)
        #expect(set.count <= 200_000)
    }

    @Test func itIsWrittenAsDocumented() throws {
        let id = UUID()
        for (subject, json): (Revocation.Subject, String) in [
            (.session(id), #"{"at":1,"id":"ID","kind":"session","until":2}"#),
            (
                .membership(user: id, organization: id),
                #"{"at":1,"id":"ID","kind":"membership","organization_id":"ID","until":2}"#
            ),
            (.deviceKey(SecretHash(of: "k")), #"{"at":1,"key_hash":"HASH","kind":"device_key","until":2}"#),
        ] {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let revocation = Revocation(subject, at: 1, until: 2)
            let encoded = try encoder.encode(revocation)
            let expected = json.replacingOccurrences(of: "ID", with: id.uuidString.lowercased())
                .replacingOccurrences(of: "HASH", with: SecretHash(of: "k").hex)
            #expect(String(decoding: encoded, as: UTF8.self) == expected)
            #expect(try JSONDecoder().decode(Revocation.self, from: encoded) == revocation)
        }
    }

    @Test func itIsReadAgainWhileNothingIsHeard() {
        var schedule = RereadSchedule()
        let start = ContinuousClock.now
        func isTaken(after seconds: Int, listening: Bool) -> Bool {
            schedule.takeTurn(at: start + .seconds(seconds), isListening: listening)
        }
        #expect(isTaken(after: 0, listening: true), "at first")
        #expect(!isTaken(after: 1, listening: true))
        #expect(isTaken(after: 2, listening: false), "each turn while the channel is away")
        #expect(isTaken(after: 3, listening: false))
        #expect(isTaken(after: 4, listening: true), "who announces may not have found it again")
        #expect(isTaken(after: 12, listening: true))
        #expect(!isTaken(after: 13, listening: true))
        schedule.isBehind = true
        #expect(isTaken(after: 14, listening: true), "what was lost before the subscription held")
        #expect(!isTaken(after: 15, listening: true))
        #expect(isTaken(after: 20, listening: true), "regularly, since a channel may lose messages")
    }

    @Test func whatWasRevokedBeforeTheStartIsReadWithoutPauses() async throws {
        let users = (0..<12).map { _ in UserPrincipal.sample() }
        let revocations = Revocations()
        // Nobody listens on the port for discarding.
        let redis = RedisClient(try RedisConfiguration(url: "redis://127.0.0.1:9/0"))
        let source = Mutex((isAway: true, questions: 0))
        let feed = RevocationFeed(
            revocations: revocations, redis: redis, logger: Logger(label: "test"),
            sources: [
                { after in
                    let isAway = source.withLock { source in
                        source.questions += 1
                        return source.isAway
                    }
                    guard !isAway else { throw CancellationError() }
                    let position = after.flatMap(Int.init) ?? 0
                    let item = position < users.count ? users[position] : nil
                    return RevocationPage(
                        items: item.map { [Revocation(.token($0.tokenID), at: Date(), lifetime: 60)] } ?? [],
                        next: "\(min(position + 1, users.count))")
                },
                // Another source that is away holds nothing up.
                { _ in throw CancellationError() },
            ])
        try await withThrowingTaskGroup { group in
            group.addTask { try await feed.run() }
            try await eventually { source.withLock { $0.questions } > 0 }
            #expect(!feed.hasCaughtUp)
            source.withLock { $0.isAway = false }
            try await eventually(within: .seconds(5)) { feed.hasCaughtUp }
            #expect(users.allSatisfy { revocations.isRevoked($0) })
            group.cancelAll()
        }
    }

    @Test func nothingIsHeardAnyMoreAfterHalfASecondWithoutAHeartbeat() {
        var hearing = Hearing()
        let start = ContinuousClock.now
        #expect(!hearing.isSound(at: start))
        hearing.lastHeartbeat = start
        #expect(hearing.isSound(at: start + .milliseconds(499)))
        #expect(!hearing.isSound(at: start + .milliseconds(500)))
    }

    @Test func `a Redis that hangs is noticed early enough for a second, with a quarter of it left for two readings`() {
        #expect(Hearing.interval * 2 < Hearing.patience)
        #expect(Hearing.patience + RereadSchedule.turn <= .milliseconds(750))
    }

    @Test func revocationsAreReadEachTurnWhileOnlyCommandsWork() async throws {
        let url = try await TestServers.shared().newRedisURL()
        let administrator = RedisClient(try RedisConfiguration(url: url))
        var configuration = try RedisConfiguration(url: url)
        (configuration.username, configuration.password) = ("deaf-\(UUID().uuidString)", "secret")
        let redis = RedisClient(configuration)
        let questions = Mutex(0)
        let feed = RevocationFeed(
            revocations: Revocations(), redis: redis, logger: Logger(label: "test"),
            sources: [
                { after in
                    questions.withLock { $0 += 1 }
                    return RevocationPage(items: [], next: after ?? "0")
                }
            ])
        try await withThrowingTaskGroup { group in
            group.addTask { await administrator.run() }
            try await administrator.waitUntilConnected()
            // Who may not subscribe hears nothing, as on a connection that hangs.
            _ = try await administrator.send(
                RedisCommand(
                    "ACL", "SETUSER", configuration.username ?? "", "on", ">secret", "allkeys", "+@all", "-subscribe",
                    "allchannels"))
            group.addTask { await redis.run() }
            try await redis.waitUntilConnected()
            group.addTask { try await feed.run() }
            try await eventually(within: .seconds(10)) { questions.withLock(\.self) >= 5 }
            #expect(redis.status == .connected)
            _ = try await administrator.send(RedisCommand("ACL", "DELUSER", configuration.username ?? ""))
            group.cancelAll()
        }
    }

    @Test func `with Redis frozen or killed, what is revoked holds within a second`() async throws {
        let servers = try await TestServers.start()
        let process = try #require(servers.redis)
        let redis = RedisClient(try RedisConfiguration(url: servers.newRedisURL()))
        let revocations = Revocations()
        let source = Mutex([Revocation]())
        let feed = RevocationFeed(
            revocations: revocations, redis: redis, logger: Logger(label: "test"),
            sources: [
                { after in
                    let all = source.withLock(\.self)
                    let items = Array(all.dropFirst(after.flatMap(Int.init) ?? 0))
                    return RevocationPage(items: items, next: "\(all.count)")
                }
            ])
        @Sendable func expectRefusal() async throws {
            let user = UserPrincipal.sample()
            source.withLock { $0.append(Revocation(.token(user.tokenID), at: Date(), lifetime: 60)) }
            try await eventually(within: .seconds(1)) { revocations.isRevoked(user) }
        }
        try await withThrowingTaskGroup { group in
            group.addTask { await redis.run() }
            group.addTask { try await feed.run() }
            try await redis.waitUntilConnected()
            try await eventually { feed.isHearing }
            try await process.whileFrozen { try await expectRefusal() }
            try await eventually { feed.isHearing }
            await process.kill(.kill)
            try await expectRefusal()
            group.cancelAll()
        }
        await servers.stop()
    }

    @Test func theFeedTakesBothWays() async throws {
        let (announced, reread) = (UserPrincipal.sample(), UserPrincipal.sample())
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: SecretHash(of: "key"))
        let revocations = Revocations()
        let redis = RedisClient(try await RedisConfiguration(url: TestServers.shared().newRedisURL()))
        func source(_ subject: Revocation.Subject) -> RevocationFeed.Reread {
            { after in
                let item = Revocation(subject, at: Date(), lifetime: 60)
                return RevocationPage(items: after == nil ? [item] : [], next: "1")
            }
        }
        let feed = RevocationFeed(
            revocations: revocations, redis: redis, logger: Logger(label: "test"),
            sources: [
                { _ in throw CancellationError() }, source(.token(reread.tokenID)), source(.deviceKey(device.keyHash)),
            ])
        let message = try JSONEncoder().encode(Revocation(.token(announced.tokenID), at: Date(), lifetime: 60))
        try await withThrowingTaskGroup { group in
            group.addTask { await redis.run() }
            group.addTask { try await feed.run() }
            try await eventually { revocations.isRevoked(reread) && revocations.isRevoked(device) }
            try await redis.waitUntilConnected()
            try await eventually {
                _ = try await redis.publish(Array("{}".utf8), to: Revocation.channel)
                _ = try await redis.publish(Array(message), to: Revocation.channel)
                return revocations.isRevoked(announced)
            }
            group.cancelAll()
        }
    }
}
