import FoundationEssentials
import Kernel
import Logging
import Redis

/// The versions of organizations' rules, in Redis: what tells every instance at once that rules have changed.
struct RuleVersions: Sendable {
    let redis: RedisClient
    let logger: Logger

    /// Counts up the version, after a change of a rule has been committed.
    ///
    /// Should Redis be away, the change takes effect when the instances read the rules anew, as they do now and then.
    func bump(_ organization: UUID) async {
        do {
            _ = try await redis.send(RedisCommand("INCR", Self.key(organization)))
        } catch {
            logger.warning("a change of rules could not be announced", metadata: ["error": "\(error)"])
        }
    }

    /// The versions of some organizations, in their order; nil where no rule ever changed.
    func read(_ organizations: [UUID]) async throws -> [[UInt8]?] {
        try await redis.mget(organizations.map(Self.key))
    }

    private static func key(_ organization: UUID) -> String { "lms:alerts:rules:\(organization.text)" }
}
