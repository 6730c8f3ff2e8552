import Postgres
import Redis
import Synchronization

/// Says how far streams may be trimmed: what is older than their retention goes, but for what a consumer group has yet to
/// be given or to acknowledge.
///
/// The groups of a stream are looked up once a second at most. In between they only get on, so that what was found errs
/// towards keeping.
public final class StreamTrimmer: Sendable {
    private static let interval = Duration.seconds(1)

    private struct Finding {
        let needed: StreamID?
        let time: ContinuousClock.Instant
    }

    private let redis: any RedisCommands
    private let retention: StreamRetention
    private let findings = Mutex<[String: Finding]>([:])

    public init(redis: any RedisCommands, retention: StreamRetention) {
        self.redis = redis
        self.retention = retention
    }

    /// What to trim the stream with as an entry is appended.
    ///
    /// - Throws: `RedisError`.
    public func trim(of stream: String) async throws -> StreamTrim {
        .before(retention.cut(at: .now, needed: try await needed(in: stream)))
    }

    private func needed(in stream: String) async throws -> StreamID? {
        if let finding = findings.withLock({ $0[stream] }), finding.time + Self.interval > .now {
            return finding.needed
        }
        let needed = try await lookUp(stream)
        findings.withLock { $0[stream] = Finding(needed: needed, time: .now) }
        return needed
    }

    /// The oldest entry that some group needs; nil when there is no group, or no stream yet.
    private func lookUp(_ stream: String) async throws -> StreamID? {
        let groups: [StreamGroup]
        do {
            groups = try await redis.xinfoGroups(stream)
        } catch let error as RedisError where error.serverPrefix == "ERR" {
            return nil
        }
        var needed: StreamID?
        for group in groups {
            let pending = group.pending > 0 ? try await redis.xpending(stream, group: group.name).lowest : nil
            // The last one that was delivered is kept too: it is where the group goes on from.
            let position = min(pending ?? group.lastDelivered, group.lastDelivered)
            needed = min(needed ?? position, position)
        }
        return needed
    }
}
