import EventBus
import FoundationEssentials
import Kernel
import Redis
import WebSockets

/// The organizations that somebody watches on this instance, each with its sockets and how far its stream is read.
actor LiveRooms {
    private struct Room {
        let fanOut = FanOut<LiveMember>()
        var sockets = 0
        /// The sockets that hold readings back, which need to hear the clock.
        var throttled: Set<UUID> = []
    }

    private let redis: RedisClient
    private let wakeStream: String
    private var rooms: [UUID: Room] = [:]
    private var positions = TailPositions()

    /// - Parameter wakeStream: an entry in it ends the tail's waiting, so that it looks what there is to read.
    init(redis: RedisClient, wakeStream: String) {
        self.redis = redis
        self.wakeStream = wakeStream
    }

    // MARK: Coming and going

    /// Counts a socket in. On return the organization's publishers append, and what they append reaches the fan-out.
    ///
    /// - Throws: `RedisError`; then the socket is not counted.
    func enter(_ organization: UUID) async throws -> FanOut<LiveMember> {
        var room = rooms[organization] ?? Room()
        room.sockets += 1
        rooms[organization] = room
        do {
            try await follow(organization)
        } catch {
            leave(organization, connection: nil)
            throw error
        }
        return room.fanOut
    }

    func leave(_ organization: UUID, connection: UUID?) {
        guard var room = rooms[organization] else { return }
        room.sockets -= 1
        if let connection { room.throttled.remove(connection) }
        rooms[organization] = room.sockets > 0 ? room : nil
        if room.sockets == 0 { positions.remove(organization) }
    }

    func setThrottled(_ isThrottled: Bool, _ connection: UUID, in organization: UUID) {
        if isThrottled {
            rooms[organization]?.throttled.insert(connection)
        } else {
            rooms[organization]?.throttled.remove(connection)
        }
    }

    private func follow(_ organization: UUID) async throws {
        guard !positions.contains(organization) else { return }
        let state = try WatchKey.state(try await redis.send(WatchKey.hold(organization)))
        guard rooms[organization] != nil, positions.add(organization, at: state.end) else { return }
        let replies = try await redis.pipeline([
            .xadd(wakeStream, [("room", organization.text)], trim: .toLength(1, exactly: true)),
            RedisCommand("PEXPIRE", wakeStream, 600_000),
        ])
        for case .error(let prefix, let message) in replies {
            throw RedisError.server(prefix: prefix, message: message)
        }
    }

    // MARK: The tail

    /// Where the tail is to read on.
    var reads: [(name: String, from: StreamPosition)] { positions.reads }

    /// Where an entry goes, if it is new.
    func advance(_ stream: String, to entry: StreamID) -> FanOut<LiveMember>? {
        positions.advance(stream, to: entry).flatMap { rooms[$0]?.fanOut }
    }

    /// Renews the watch keys. A room whose key had gone is told that it may have missed something.
    ///
    /// - Throws: `RedisError`.
    func renew() async throws {
        let organizations = Array(rooms.keys)
        guard !organizations.isEmpty else { return }
        let replies = try await redis.pipeline(organizations.map(WatchKey.hold))
        for (organization, reply) in zip(organizations, replies) where try WatchKey.state(reply).isNew {
            await rooms[organization]?.fanOut.publish(.gap)
        }
    }

    /// Tells the sockets that hold readings back what time it is.
    func tick(at now: ContinuousClock.Instant) async {
        for room in rooms.values where !room.throttled.isEmpty { await room.fanOut.publish(.tick(now)) }
    }
}
