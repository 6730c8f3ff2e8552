import Logging
import Redis

/// The consumer group of a service on the streams that it reads: made where it is missing, and checked to have missed
/// nothing.
struct ConsumerGroup: Sendable {
    /// For how long one instance keeps the others from rebuilding beside it; longer than a page of a snapshot takes.
    private static let lockDuration = Duration.seconds(30)

    let name: String
    /// This instance among the group's consumers.
    let consumer: String
    /// Makes the projections anew; nil for a consumer whose facts nobody can tell again.
    let rebuild: ProjectionRebuild?
    let logger: Logger

    /// Sees to it that the stream can be read.
    ///
    /// A group that is made begins at the oldest entry there is, not behind the snapshot: what the snapshot has shown
    /// already changes nothing, and what is only counted is in no snapshot.
    /// - Returns: False while the owner's snapshot is needed and cannot be had, or another instance reads it.
    /// - Throws: `RedisError`, `CancellationError`.
    func open(_ stream: String, _ connection: RedisConnection) async throws -> Bool {
        guard let rebuild, rebuild.covers(stream) else {
            try await connection.xgroupCreate(stream, group: name, from: .start)
            return true
        }
        if try await isIntact(stream, connection) {
            rebuild.setStanding(stream, true)
            return true
        }
        rebuild.setStanding(stream, false)
        let lock = "lms:rebuild:\(name):\(stream)"
        guard try await connection.set(lock, to: consumer, .ifAbsent, expiry: Self.lockDuration) else { return false }
        do {
            // Another instance may have been faster.
            if try await !isIntact(stream, connection) {
                try await rebuild.run(stream) { try await connection.expire(lock, after: Self.lockDuration) }
                try await connection.xgroupCreate(stream, group: name, from: .start)
            }
        } catch let error where error is CancellationError || error is RedisError {
            throw error
        } catch {
            logger.warning(
                "a projection could not be made anew; trying again",
                metadata: ["stream": "\(stream)", "error": "\(error)"])
            try await connection.del(lock)
            return false
        }
        try await connection.del(lock)
        rebuild.setStanding(stream, true)
        return true
    }

    /// Whether the group is there and no entry has been trimmed that it has yet to be given or to acknowledge.
    ///
    /// Trimming leaves a group the entry that it was given last, so where that one is missing others may be.
    private func isIntact(_ stream: String, _ connection: RedisConnection) async throws -> Bool {
        let groups: [StreamGroup]
        do {
            groups = try await connection.xinfoGroups(stream)
        } catch let error as RedisError where error.serverPrefix == "ERR" {
            return false
        }
        guard let group = groups.first(where: { $0.name == name }) else { return false }
        let summary = try await connection.xinfoStream(stream)
        if summary.added == summary.length { return true }
        guard let first = summary.first else { return group.lastDelivered >= summary.last }
        let pending = group.pending > 0 ? try await connection.xpending(stream, group: name).lowest : nil
        return first <= min(pending ?? group.lastDelivered, group.lastDelivered)
    }
}
