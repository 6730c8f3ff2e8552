import Redis
import TestKit
import Testing

@testable import Gateway

@Suite("Limits in Redis")
struct LimitScriptsTests {
    private func report(_ name: String, taken: Int, balance: Double) -> LimitReport {
        // So slow that nothing comes back while the test runs.
        LimitReport(
            kind: .address, key: 1, name: LimitName(text: name), limit: RateLimit(rate: 0.001, burst: 100),
            taken: taken, balance: balance, collected: 0)
    }

    @Test("Redis keeps the buckets as the simulation does")
    func balances() async throws {
        let redis = RedisClient(try RedisConfiguration(url: await TestServers.shared().newRedisURL()))
        let rounds = [
            [report("a", taken: 30, balance: 70), report("b", taken: 1, balance: 99)],
            [report("a", taken: 80, balance: 20)],
            [report("a", taken: 0, balance: 100), report("b", taken: -1, balance: 50)],
        ]
        var ledger = SharedLedger()
        let balances = try await redis.withConnection { connection in
            var balances: [[Double]] = []
            for reports in rounds {
                let answer = try await connection.eval(
                    LimitScripts.take, keys: reports.map(\.name.text),
                    arguments: reports.flatMap(LimitScripts.arguments))
                balances.append((answer.array ?? []).compactMap { $0.string.flatMap(Double.init) })
            }
            return balances
        }
        for (reports, balances) in zip(rounds, balances) {
            let expected = reports.map { ledger.take($0, now: 0) }
            try #require(balances.count == expected.count)
            for (balance, expected) in zip(balances, expected) { #expect(abs(balance - expected) < 0.1) }
        }
        #expect(balances.map { $0.map { $0.rounded() } } == [[70, 99], [-10], [-10, 100]])
    }

    @Test("Tokens come back in Redis, up to the burst")
    func refill() async throws {
        let redis = RedisClient(try RedisConfiguration(url: await TestServers.shared().newRedisURL()))
        var report = report("c", taken: 100, balance: 0)
        report.limit.rate = 1000
        let arguments = LimitScripts.arguments(report)
        var look = report
        look.taken = 0
        let lookArguments = LimitScripts.arguments(look)
        try await redis.withConnection { connection in
            try await connection.eval(LimitScripts.take, keys: ["c"], arguments: arguments)
            try await eventually {
                let answer = try await connection.eval(LimitScripts.take, keys: ["c"], arguments: lookArguments)
                return answer.array?.first?.string.flatMap(Double.init) == 100
            }
        }
    }

    @Test("Gateways are counted while they are heard of")
    func presence() async throws {
        let redis = RedisClient(try RedisConfiguration(url: await TestServers.shared().newRedisURL()))
        try await redis.withConnection { connection in
            func count(_ id: String, lifetime: Int) async throws -> Int? {
                try await connection.eval(LimitScripts.presence, keys: ["g"], arguments: [id, lifetime]).integer
            }
            #expect(try await count("a", lifetime: 60_000) == 1)
            #expect(try await count("b", lifetime: 60_000) == 2)
            #expect(try await count("a", lifetime: 60_000) == 2)
            try await eventually { try await count("a", lifetime: 50) == 1 }
        }
    }
}
