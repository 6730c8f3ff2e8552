import EventBus
import FoundationEssentials
import Redis

/// The frames behind one that a client got earlier, as far back as the live stream reaches.
struct Replay: Sendable {
    private static let pageSize = 20

    /// What is sent first.
    struct Beginning: Sendable {
        /// The rest of the entry that the client got last.
        let frames: [LiveFrame]
        /// Whether what follows is all that there was since.
        let isComplete: Bool
    }

    let redis: RedisClient

    /// Looks whether everything since `id` is still there: its entry has not been trimmed, and somebody has watched
    /// ever since.
    ///
    /// - Throws: `RedisError`.
    func begin(after id: FrameID, of organization: UUID) async throws -> Beginning {
        let watchedSince = try await redis.get(StreamName.watch(organization))
            .flatMap { StreamID(String(decoding: $0, as: UTF8.self)) }
        let found = try await redis.xrange(
            StreamName.live(organization), from: id.entry, through: id.entry, count: 1
        ).first
        let frames = found.map { LiveEntry($0).frames.filter { $0.id > id } } ?? []
        let isComplete = found != nil && id.entry > (watchedSince ?? .zero)
        return Beginning(frames: frames, isComplete: isComplete)
    }

    /// Some entries after `entry`; none when the end is reached.
    ///
    /// - Throws: `RedisError`.
    func entries(after entry: StreamID, of organization: UUID) async throws -> [LiveEntry] {
        try await redis.xread([(StreamName.live(organization), .after(entry))], count: Self.pageSize)
            .flatMap(\.entries).map(LiveEntry.init)
    }
}
