import EventBus
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

    /// The versions of some organizations and then of what stands in some partitions, in their order; nil where nothing
    /// ever changed.
    func read(_ organizations: [UUID], _ partitions: [Int]) async throws -> [[UInt8]?] {
        let keys = organizations.map(Self.key) + partitions.map(Self.standingKey)
        return keys.isEmpty ? [] : try await redis.mget(keys)
    }

    /// Counts up the version of what stands in a device's partition, after somebody's step has been committed that ends an
    /// alert or opens it again.
    static func bumpStanding(of device: UUID) -> RedisCommand {
        RedisCommand("INCR", standingKey(StreamName.telemetryPartition(of: device)))
    }

    private static func standingKey(_ partition: Int) -> String { "lms:alerts:standing:\(partition)" }

    private static func key(_ organization: UUID) -> String { "lms:alerts:rules:\(organization.text)" }
}
