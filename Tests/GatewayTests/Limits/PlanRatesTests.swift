import Foundation
import Logging
import Metrics
import Redis
import ServiceKit
import TestKit
import Testing

@testable import Gateway

private let second: UInt64 = 1_000_000_000

@Suite("Buckets of organizations with plans")
struct PlanBucketTests {
    private static let limit = RateLimit(rate: 10, burst: 20)

    private var table: BucketTable {
        var table = BucketTable(Self.limit, capacity: 8)
        table.usesPlanRates = true
        return table
    }

    private func limiter(usesPlanRates: Bool = true, _ limit: RateLimit = limit) -> RateLimiter {
        RateLimiter(Self.limits(usesPlanRates: usesPlanRates, limit))
    }

    private static func limits(usesPlanRates: Bool, _ limit: RateLimit) -> RateLimiter.Limits {
        .init(
            address: limit, credential: limit, organization: limit, usesPlanRates: usesPlanRates, signIn: limit,
            capacity: 1024)
    }

    @Test("A plan's rate takes the place of the limit, with as many seconds of it at once", arguments: [0.5, 3, 100])
    func rate(_ rate: Double) {
        var table = table
        _ = table.take(1, now: 0)
        table.setPlanRate(rate, of: 1)
        // By then what a higher plan allows more has come.
        var now = 10 * second
        let burst = Int(2 * rate)
        let decisions = (0...burst).map { _ in table.take(1, now: now).decision }
        #expect(decisions.count(where: \.isAllowed) == burst)
        #expect(decisions.allSatisfy { $0.limit == burst })
        #expect(decisions.last?.reset == 2)
        now += UInt64(Double(second) / rate) + 1000
        #expect(table.take(1, now: now).decision.isAllowed)
        #expect(!table.take(1, now: now).decision.isAllowed)
        #expect(table.take(2, now: now).decision.limit == 20)
        table.setPlanRate(nil, of: 1)
        #expect(table.take(1, now: now).decision.limit == 20)
    }

    @Test("One in use is to be looked up at once, and every few seconds from then on")
    func lookups() {
        var table = table
        let due = (0..<12).filter { table.take(1, now: 100 * second + $0 * second).isLookupDue }
        #expect(due == [0, 5, 10])
        #expect(table.take(2, now: 100 * second).isLookupDue)
        #expect(!table.take(2, now: 99 * second).isLookupDue)
        table.usesPlanRates = false
        #expect(!table.take(3, now: 200 * second).isLookupDue)
    }

    @Test("The bucket that makes room is the one that lacks least, however much plans let others hold")
    func eviction() {
        var table = table
        _ = table.take(0, now: 0)
        table.setPlanRate(1000, of: 0)
        // Filled by then, and much of it taken again.
        for _ in 0..<100 { _ = table.take(0, now: 100 * second) }
        let before = table.take(0, now: 100 * second).decision.remaining
        for key in UInt64(1)...100 { _ = table.take(key, now: 100 * second) }
        let after = table.take(0, now: 100 * second).decision
        #expect(after.limit == 2000)
        #expect(after.remaining == before - 1)
    }

    @Test("Other gateways are told the plan's rate, and what they have left goes by it")
    func shared() {
        let limiter = limiter()
        let now = 100 * second
        func take() -> RateDecision? { limiter.charge(.organization, 1, now: now).decision }
        _ = take()
        limiter.setPlanRate(2, of: 1)
        limiter.share(.organization, 1, as: LimitName(text: "1"), now: now)
        _ = take()
        let reports = limiter.collect(now: now)
        #expect(reports.map(\.limit) == [RateLimit(rate: 2, burst: 4)])
        #expect(reports.map(\.balance) == [3])
        for report in reports { limiter.hear(balance: 1000, of: report, now: now) }
        #expect(take()?.remaining == 3)
        // One was taken since: three are missing to the next.
        for report in reports { limiter.hear(balance: -1, of: report, now: now) }
        #expect(take()?.retryAfter == 2)
        limiter.meet(gateways: 2)
        limiter.loseOthers()
        _ = limiter.charge(.organization, 2, now: now)
        limiter.setPlanRate(4, of: 2)
        #expect(limiter.charge(.organization, 2, now: now).decision?.limit == 4)
    }

    @Test("A file that is read again changes how much of a plan's rate there is at once, and whether it counts")
    func reload() {
        let limiter = limiter()
        func limit() -> Int? { limiter.charge(.organization, 1, now: 0).decision?.limit }
        #expect(limit() == 20)
        limiter.setPlanRate(5, of: 1)
        #expect(limit() == 10)
        limiter.change(to: Self.limits(usesPlanRates: true, RateLimit(rate: 10, burst: 40)))
        #expect(limit() == 20)
        limiter.change(to: Self.limits(usesPlanRates: false, RateLimit(rate: 10, burst: 40)))
        #expect(limit() == 40)
        limiter.change(to: Self.limits(usesPlanRates: true, Self.limit))
        #expect(limit() == 10)
    }

    @Test("Nothing that an organization's plan allows is anybody else's, and other kinds know no plans")
    func kinds() {
        let limiter = limiter()
        for kind in LimitKind.allCases { _ = limiter.charge(kind, 1, now: 0) }
        limiter.setPlanRate(5, of: 1)
        for kind in LimitKind.allCases {
            #expect(limiter.charge(kind, 1, now: 0).decision?.limit == (kind == .organization ? 10 : 20))
        }
        #expect(limiter.admit(principal: 9, organization: 9, now: 0).isLookupDue)
        #expect(!limiter.admit(principal: 9, organization: nil, now: 0).isLookupDue)
        #expect(!limiter.admit(.general, address: 9, credential: 9, now: 0).isLookupDue)
    }
}

@Suite("Looking plans' rates up")
struct PlanRatesTests {
    private let limiter = RateLimiter(
        .init(
            address: RateLimit(rate: 1, burst: 1), credential: RateLimit(rate: 1, burst: 1),
            organization: RateLimit(rate: 10, burst: 20), signIn: RateLimit(rate: 1, burst: 1), capacity: 65_536))

    private func rates(_ redis: RedisClient, metrics: any MetricsFactory = NOOPMetricsHandler.instance) -> PlanRates {
        PlanRates(
            limiter: limiter, redis: redis, metrics: LimitMetrics(factory: metrics),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The burst by which an organization is judged.
    private func limit(_ organization: UInt64) -> Int? {
        limiter.charge(.organization, organization, now: 0).decision?.limit
    }

    private static func withRedis(_ body: (RedisClient) async throws -> Void) async throws {
        let redis = RedisClient(try RedisConfiguration(url: await TestServers.shared().newRedisURL()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await redis.run() }
            defer { tasks.cancelAll() }
            try await redis.waitUntilConnected()
            try await body(redis)
        }
    }

    @Test("More of them than one command asks for each get their own")
    func batches() async throws {
        try await Self.withRedis { redis in
            let rates = rates(redis)
            let organizations = (UInt64(1)...600).map { (key: $0 &* 0x9E37_79B9_7F4A_7C15, id: UUID.v7()) }
            var fields = [PlanRates.key, PlanRates.completion, "1"]
            for (index, organization) in organizations.enumerated() {
                #expect(limit(organization.key) == 20)
                rates.want(organization.key, id: organization.id)
                fields += [organization.id.uuidString.lowercased(), "\(index + 1)"]
            }
            _ = try await redis.send(RedisCommand("HSET", fields))
            try await rates.lookUp()
            #expect(rates.wantedCount == 0)
            for (index, organization) in organizations.enumerated() {
                #expect(limit(organization.key) == 2 * (index + 1))
            }
        }
    }

    @Test("So many wait and no more")
    func bound() async throws {
        let rates = rates(RedisClient(RedisConfiguration(host: "127.0.0.1", port: 1)))
        for key in UInt64(0)..<20_000 { rates.want(key, id: .v7()) }
        #expect(rates.wantedCount == PlanRates.mostWanted)
        await #expect(throws: RedisError.self) { try await rates.lookUp() }
        #expect(rates.wantedCount == 0)
    }

    @Test("What was known holds while Redis is away or has lost it, until it says that there is none")
    func loss() async throws {
        try await Self.withRedis { redis in
            let rates = rates(redis)
            let id = UUID.v7()
            let field = id.uuidString.lowercased()
            func lookUp() async throws -> Int? {
                rates.want(1, id: id)
                try await rates.lookUp()
                return limit(1)
            }
            #expect(limit(1) == 20)
            _ = try await redis.send(RedisCommand("HSET", PlanRates.key, PlanRates.completion, "1", field, "3"))
            #expect(try await lookUp() == 6)
            let away = self.rates(RedisClient(RedisConfiguration(host: "127.0.0.1", port: 1)))
            away.want(1, id: id)
            await #expect(throws: RedisError.self) { try await away.lookUp() }
            #expect(limit(1) == 6)
            try await redis.del(PlanRates.key)
            #expect(try await lookUp() == 6)
            // Some are there again, this one not yet.
            _ = try await redis.send(RedisCommand("HSET", PlanRates.key, UUID.v7().uuidString.lowercased(), "4"))
            #expect(try await lookUp() == 6)
            _ = try await redis.send(RedisCommand("HSET", PlanRates.key, PlanRates.completion, "2"))
            #expect(try await lookUp() == 20)
        }
    }

    @Test("Rounds that fail are counted, and the next one is tried")
    func failures() async throws {
        let registry = PrometheusRegistry()
        let redis = RedisClient(RedisConfiguration(host: "127.0.0.1", port: 1))
        let rates = rates(redis, metrics: registry)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await rates.run() }
            defer { tasks.cancelAll() }
            try await eventually {
                rates.want(1, id: .v7())
                let line = registry.exposition().split(separator: "\n").first {
                    $0.hasPrefix("lms_gateway_plan_rates_failures_total ")
                }
                return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0 > 1
            }
        }
    }

    @Test("What is no rate counts as none", arguments: ["0", "-5", "1e300", "inf", "nan", "", "many", "0.0001"])
    func nonsense(_ text: String) async throws {
        try await Self.withRedis { redis in
            let rates = rates(redis)
            let id = UUID.v7()
            let field = id.uuidString.lowercased()
            _ = limit(1)
            limiter.setPlanRate(3, of: 1)
            #expect(limit(1) == 6)
            _ = try await redis.send(RedisCommand("HSET", PlanRates.key, PlanRates.completion, "1", field, text))
            rates.want(1, id: id)
            try await rates.lookUp()
            #expect(limit(1) == 20)
        }
    }

    @Test("An organization is held to its plan, hears of another one within seconds, and others keep the file's limit")
    func gateway() async throws {
        let redis = try RedisConfiguration(url: await TestServers.shared().newRedisURL())
        let (small, large, other) = (UUID.v7(), UUID.v7(), UUID.v7())
        try await IssuingServer.with { server in
            var configuration = try server.file().load()
            configuration.limits.organization = RateLimit(rate: 100, burst: 500)
            let limited = configuration
            try await TestGateway.with(limited, redis: redis) { gateway in
                try await gateway.knowsKeys(of: server)
                func answer(_ organization: UUID) async throws -> RawMessage {
                    let token = try await server.issuer.token(in: organization, as: .member)
                    return try await gateway.get("/items/1", bearer: token)
                }
                try await RedisClient(redis).withConnection { connection in
                    func plan(_ organization: UUID, _ rate: Int) async throws {
                        _ = try await connection.send(
                            RedisCommand(
                                "HSET", PlanRates.key, PlanRates.completion, "1",
                                organization.uuidString.lowercased(), rate))
                    }
                    try await plan(small, 1)
                    try await plan(large, 1000)
                    try await eventually { try await answer(small)["ratelimit-limit"] == "5" }
                    try await eventually { try await answer(large)["ratelimit-limit"] == "5000" }
                    var refused = false
                    for _ in 0..<200 where !refused { refused = try await answer(small).status == 429 }
                    #expect(refused)
                    let spared = try await answer(other)
                    #expect(spared.status == 200)
                    #expect(spared["ratelimit-limit"] == "500")
                    try await plan(small, 200)
                    try await eventually {
                        let answer = try await answer(small)
                        return answer.status == 200 && answer["ratelimit-limit"] == "1000"
                    }
                }
            }
        }
    }
}
