import Foundation
import Logging
import NIOCore
import Redis
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Looks up what plans allow organizations a second, for those whose users send requests.
///
/// Billing keeps it in Redis. No request waits for it: until it is known, and where there is none, the file's limit
/// holds, and what was known holds while nothing is heard.
final class PlanRates: Service {
    /// A hash: the rate, by the organization's id.
    static let key = "lms:limits:requests"
    /// The field that is there when all organizations are.
    static let completion = "written_at"
    private static let interval = Duration.seconds(1)
    /// Fields in one command, as others wait for it.
    private static let batch = 256
    /// What a plan can say; anything else is nobody's rate.
    private static let sane = 0.001...1e12
    /// Organizations that wait; others ask again when they are due the next time.
    static let mostWanted = 16_384

    private let limiter: RateLimiter
    private let redis: RedisClient
    private let metrics: LimitMetrics
    private let logger: Logger
    /// Ids, by the hashes that the limiter knows.
    private let wanted = Mutex<[UInt64: UUID]>([:])

    init(limiter: RateLimiter, redis: RedisClient, metrics: LimitMetrics, logger: Logger) {
        self.limiter = limiter
        self.redis = redis
        self.metrics = metrics
        self.logger = logger
    }

    /// Has an organization looked up within a second.
    func want(_ organization: UInt64, id: UUID) {
        wanted.withLock { wanted in
            guard wanted.count < Self.mostWanted else { return }
            wanted[organization] = id
        }
    }

    /// Organizations that are to be looked up.
    var wantedCount: Int { wanted.withLock(\.count) }

    func run() async {
        await cancelWhenGracefulShutdown {
            var succeeds = true
            for await _ in Rounds(every: Self.interval) {
                do {
                    try await self.lookUp()
                    succeeds = true
                } catch is CancellationError {
                    return
                } catch {
                    self.metrics.failedToLookUp()
                    if succeeds {
                        self.logger.warning("plans' rates cannot be looked up", metadata: ["error": "\(error)"])
                    }
                    succeeds = false
                }
            }
        }
    }

    /// Looks up all that are wanted. What fails is not kept: those who still send requests are wanted again.
    ///
    /// - Throws: `RedisError`, `CancellationError`.
    func lookUp() async throws {
        var rest = wanted.withLock { wanted in
            defer { wanted = [:] }
            return Array(wanted)
        }[...]
        while !rest.isEmpty {
            try await lookUp(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
        }
    }

    private func lookUp(_ organizations: ArraySlice<(key: UInt64, value: UUID)>) async throws {
        let fields = [Self.completion] + organizations.map { $0.value.uuidString.lowercased() }
        let values = try await redis.send(RedisCommand("HMGET", [Self.key] + fields)).array ?? []
        guard let first = values.first else { return }
        for (organization, value) in zip(organizations, values.dropFirst()) {
            let rate = value.string.flatMap(Double.init).flatMap { Self.sane.contains($0) ? $0 : nil }
            // Where Redis has lost some of them, none does not mean that the plan has none.
            guard rate != nil || !first.isNull else { continue }
            limiter.setPlanRate(rate, of: organization.key)
        }
    }
}
