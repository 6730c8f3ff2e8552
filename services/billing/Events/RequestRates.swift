import EventBus
import FoundationEssentials
import Kernel
import Redis

/// How many requests a second plans allow organizations, where gateways look it up, which can ask nobody: a hash in Redis.
///
/// A field is an organization's id, its value the rate; where the plan leaves it to the gateway there is none.
struct RequestRates: Sendable {
    static let key = "lms:limits:requests"
    /// When all of them were written last, in seconds since 1970; it is lost with the rest.
    private static let completion = "written_at"
    /// Names the writing of all that has begun last.
    private static let beginning = "begun"
    /// Only where nothing was lost since, and nobody else has begun.
    private static let completeAll = RedisScript(
        """
        if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[3], ARGV[4]) end
        """)
    /// Redis may lose what it was told last, and say nothing.
    private static let lifetime = 3_600

    let redis: RedisClient

    /// Whether anything can be written now.
    var isReachable: Bool { redis.status == .connected }

    /// Writes those of `subscriptions`, which nobody may change meanwhile.
    ///
    /// - Throws: `RedisError`.
    func write(_ subscriptions: [Subscription]) async throws {
        var rates: [String] = []
        var without: [String] = []
        for subscription in subscriptions {
            let organization = subscription.organizationID.text
            if let rate = subscription.plan.limits.requestsPerSecond {
                rates += [organization, "\(rate)"]
            } else {
                without.append(organization)
            }
        }
        if !rates.isEmpty { _ = try await redis.send(RedisCommand("HSET", [Self.key] + rates)) }
        if !without.isEmpty { _ = try await redis.send(RedisCommand("HDEL", [Self.key] + without)) }
    }

    /// Whether all are to be written anew: they are not there, or were written long ago.
    ///
    /// - Throws: `RedisError`.
    func areDue() async throws -> Bool {
        let written = try await redis.send(RedisCommand("HGET", Self.key, Self.completion)).string.flatMap(Int.init)
        guard let written else { return true }
        return abs(Self.now - written) >= Self.lifetime
    }

    /// Writes all by `write`, and notes that they are there; not where Redis has lost some meanwhile, or another instance
    /// has begun to do the same, which then notes it.
    ///
    /// - Throws: `RedisError`, and what `write` throws.
    func writeAll(_ write: () async throws -> Void) async throws {
        let name = UUID().uuidString
        _ = try await redis.send(RedisCommand("HSET", Self.key, Self.beginning, name))
        try await write()
        try await redis.eval(
            Self.completeAll, keys: [Self.key],
            arguments: [Self.beginning, name, Self.completion, "\(Self.now)"])
    }

    /// Removes that of an organization that is no more.
    var removal: OrganizationRemoval.Step {
        OrganizationRemoval.Step { organization, _ in
            try await redis.send(RedisCommand("HDEL", Self.key, organization.text)).integer ?? 0
        }
    }

    private static var now: Int { Int(Date().timeIntervalSince1970) }
}
