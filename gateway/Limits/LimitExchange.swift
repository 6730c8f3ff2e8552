import Logging
import NIOCore
import Redis
import ServiceKit
import ServiceLifecycle

/// Tells Redis what has been taken from the buckets that are used much, and hears what all gateways have left in them.
///
/// No request waits for it. While Redis is away every gateway keeps to its part of the limits, by how many there were.
struct LimitExchange: Service {
    struct Settings: Sendable, Equatable {
        /// Between two exchanges.
        var interval = TimeAmount.milliseconds(100)
    }

    /// How long a gateway counts as there without a sign of it.
    private static let lifetime = 2000
    /// Buckets in one script, as others wait for it.
    private static let batch = 256

    let limiter: RateLimiter
    let redis: RedisClient
    let settings: Settings
    let id: String
    let metrics: LimitMetrics
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var isExchanging: Bool?
            for await _ in Rounds(every: .nanoseconds(settings.interval.nanoseconds)) {
                let succeeded = await exchange()
                if succeeded != isExchanging { tell(succeeded) }
                isExchanging = succeeded
            }
        }
    }

    private func tell(_ succeeds: Bool) {
        if succeeds {
            logger.notice("limits are shared with other gateways")
        } else {
            logger.warning("limits are not shared, as Redis does not answer")
        }
    }

    /// - Returns: whether Redis took part.
    func exchange() async -> Bool {
        do {
            let began = NIODeadline.now().uptimeNanoseconds
            let present = try await redis.eval(
                LimitScripts.presence, keys: ["lms:gateways"], arguments: [id, Self.lifetime])
            limiter.meet(gateways: present.integer ?? 1)
            var reports = limiter.collect(now: NIODeadline.now().uptimeNanoseconds)[...]
            let count = reports.count
            while !reports.isEmpty { try await send(&reports) }
            metrics.exchanged(
                buckets: count, gateways: present.integer ?? 1,
                nanoseconds: NIODeadline.now().uptimeNanoseconds - began)
            return true
        } catch is CancellationError {
            return true
        } catch {
            limiter.loseOthers()
            metrics.failedToExchange()
            return false
        }
    }

    private func send(_ reports: inout ArraySlice<LimitReport>) async throws {
        let part = reports.prefix(Self.batch)
        let answer: RESPValue
        do {
            answer = try await redis.eval(
                LimitScripts.take, keys: part.map(\.name.text), arguments: part.flatMap(LimitScripts.arguments))
        } catch {
            // What may have arrived counts as told: to tell it twice would take what nobody took. What was to follow it
            // is told the next time.
            for report in reports.dropFirst(Self.maySend(error) ? part.count : 0) { limiter.restore(report) }
            throw error
        }
        reports = reports.dropFirst(part.count)
        let now = NIODeadline.now().uptimeNanoseconds
        for (report, balance) in zip(part, answer.array ?? []) {
            guard let balance = balance.string.flatMap(Double.init), balance.isFinite else { continue }
            limiter.hear(balance: balance, of: report, now: now)
        }
    }

    /// Whether something may have been sent in spite of an error.
    private static func maySend(_ error: any Error) -> Bool {
        switch error {
        case RedisError.unavailable, RedisError.connectionFailed: false
        default: true
        }
    }
}

/// What Redis does for the gateways.
enum LimitScripts {
    /// Notes that a gateway is there, and says how many are.
    static let presence = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
        redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
        return redis.call('ZCARD', KEYS[1])
        """)

    /// Takes from each bucket of `KEYS`, and says what is left in it, which may be less than nothing. Of each come how
    /// many tokens were taken, the rate, the burst, and what it holds where nothing is known of it.
    static let take = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + time[2] / 1000
        local balances = {}
        for index, key in ipairs(KEYS) do
          local taken, rate = tonumber(ARGV[4 * index - 3]), tonumber(ARGV[4 * index - 2])
          local burst, balance = tonumber(ARGV[4 * index - 1]), tonumber(ARGV[4 * index])
          local state = redis.call('HMGET', key, 'tokens', 'at')
          if state[1] and state[2] then
            local elapsed = math.max(0, now - tonumber(state[2])) / 1000
            balance = math.min(burst, tonumber(state[1]) + elapsed * rate) - taken
          end
          redis.call('HSET', key, 'tokens', string.format('%.6f', balance), 'at', string.format('%.3f', now))
          redis.call('PEXPIRE', key, string.format('%.0f', math.max(0, burst - balance) / rate * 1000 + 1000))
          balances[index] = string.format('%.6f', balance)
        end
        return balances
        """)

    static func arguments(_ report: LimitReport) -> [any RedisArgument] {
        [report.taken, "\(report.limit.rate)", "\(report.limit.burst)", "\(report.balance)"]
    }
}
