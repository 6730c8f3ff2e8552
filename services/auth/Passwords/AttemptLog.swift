import Logging
import Postgres
import Redis
import Synchronization

/// The attempts of the last minute, by key, counted over all instances in Redis and, while that is away, in this one.
final class AttemptLog: Sendable {
    /// What is counted, and how many of it are too many.
    struct Counter: Sendable {
        let key: String
        let limit: AttemptLimit
    }

    private static let record = RedisScript(
        """
        local clear = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])) + tonumber(ARGV[2])
        redis.call('SET', KEYS[1], string.format('%.0f', clear), 'PX', math.ceil((clear - tonumber(ARGV[1])) / 1000))
        return redis.status_reply('OK')
        """)

    /// Counts an attempt unless it does not fit into one of the counters; answers how long until it would, else 0.
    private static let admit = RedisScript(
        """
        local now, clear, wait = tonumber(ARGV[1]), {}, 0
        for i, key in ipairs(KEYS) do
            clear[i] = math.max(tonumber(redis.call('GET', key) or '0'), now) + tonumber(ARGV[2 * i])
            wait = math.max(wait, clear[i] - now - tonumber(ARGV[2 * i + 1]))
        end
        if wait > 0 then return wait end
        for i, key in ipairs(KEYS) do
            redis.call('SET', key, string.format('%.0f', clear[i]), 'PX', math.ceil((clear[i] - now) / 1000))
        end
        return 0
        """)

    private let redis: RedisClient
    private let logger: Logger
    private let local = Mutex(LocalAttempts())

    init(redis: RedisClient, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    /// How long until one more attempt fits into all of the counters; nil when it fits now.
    func wait(for counters: [Counter]) async -> Duration? {
        let now = Timestamp.now
        let states = await states(of: counters)
        return zip(counters, states).compactMap { $0.limit.wait(clearAt: $1, now: now) }.max()
    }

    /// Counts one attempt if it fits into all of the counters, in one step: of many at once only as many as fit are
    /// counted.
    ///
    /// - Returns: How long until it fits; nil when it was counted.
    func admit(_ counters: [Counter]) async -> Duration? {
        let now = Timestamp.now
        do {
            let reply = try await redis.eval(
                Self.admit, keys: counters.map(\.key),
                arguments: ["\(now.microseconds)"]
                    + counters.flatMap { ["\($0.limit.step.microseconds)", "\($0.limit.period.microseconds)"] })
            guard let wait = reply.integer, wait > 0 else { return nil }
            return .microseconds(wait)
        } catch {
            noteLoss(error)
            return local.withLock { $0.admit(counters, now: now) }
        }
    }

    /// Counts one attempt.
    func record(_ counters: [Counter]) async {
        let now = Timestamp.now
        do {
            for counter in counters {
                try await redis.eval(
                    Self.record, keys: [counter.key],
                    arguments: ["\(now.microseconds)", "\(counter.limit.step.microseconds)"])
            }
        } catch {
            noteLoss(error)
            local.withLock { local in
                for counter in counters { local.record(counter, now: now) }
            }
        }
    }

    /// Forgets what was counted.
    func clear(_ counter: Counter) async {
        local.withLock { $0.clear(counter.key) }
        do {
            try await redis.del(counter.key)
        } catch {
            noteLoss(error)
        }
    }

    private func states(of counters: [Counter]) async -> [Timestamp?] {
        do {
            return try await redis.mget(counters.map(\.key)).map { bytes in
                bytes.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }.map(Timestamp.init(microseconds:))
            }
        } catch {
            noteLoss(error)
            return local.withLock { local in counters.map { local.clearAt($0.key) } }
        }
    }

    private func noteLoss(_ error: any Error) {
        logger.debug("attempts are counted here alone", metadata: ["error": "\(error)"])
    }
}

/// The counters of one process; those that have run out are swept out as their number grows.
struct LocalAttempts {
    private var states: [String: Timestamp] = [:]
    private var sweepAtCount = 1024

    var count: Int { states.count }

    func clearAt(_ key: String) -> Timestamp? { states[key] }

    mutating func record(_ counter: AttemptLog.Counter, now: Timestamp) {
        states[counter.key] = counter.limit.adding(to: states[counter.key], now: now)
        if states.count > sweepAtCount {
            states = states.filter { $0.value > now }
            sweepAtCount = max(1024, states.count * 2)
        }
    }

    /// Counts one attempt if it fits into all; else how long until it does.
    mutating func admit(_ counters: [AttemptLog.Counter], now: Timestamp) -> Duration? {
        let wait = counters.compactMap { $0.limit.wait(clearAt: states[$0.key], now: now) }.max()
        guard wait == nil else { return wait }
        for counter in counters { record(counter, now: now) }
        return nil
    }

    mutating func clear(_ key: String) {
        states[key] = nil
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
