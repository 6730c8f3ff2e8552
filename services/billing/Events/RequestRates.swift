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

    /// Notes that all have been written.
    ///
    /// - Throws: `RedisError`.
    func complete() async throws {
        _ = try await redis.send(RedisCommand("HSET", Self.key, Self.completion, "\(Self.now)"))
    }

    /// Removes that of an organization that is no more.
    var removal: OrganizationRemoval.Step {
        OrganizationRemoval.Step { organization, _ in
            try await redis.send(RedisCommand("HDEL", Self.key, organization.text)).integer ?? 0
        }
    }

    private static var now: Int { Int(Date().timeIntervalSince1970) }
}
