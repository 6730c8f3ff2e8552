import FoundationEssentials
import Kernel
import Redis
import Synchronization

/// Answers and who computes them, in Redis, for all instances.
struct AnswerStore: Sendable {
    /// What is larger is not kept.
    static let mostBytes = 256 << 10
    /// How long one instance alone computes an answer; then another may as well, should the first have died.
    private static let turn = Duration.seconds(5)
    /// Longer than any answer is kept, so that none comes to pass for new again.
    private static let generationLifetime = Duration.seconds(60)

    let redis: RedisClient
    /// How long an answer is kept.
    let lifetime: Duration
    private let room: Room

    init(redis: RedisClient, lifetime: Duration) {
        self.redis = redis
        self.lifetime = lifetime
        room = Room(for: lifetime)
    }

    /// An answer, and whether nothing has been stored since that it does not know of.
    struct Kept: Sendable {
        let body: [UInt8]
        let isCurrent: Bool
    }

    /// - Returns: What is kept, and the generation of the organization's data, which whoever computes the answer keeps it
    ///   with.
    /// - Throws: ``RedisError``, `CancellationError`.
    func find(_ question: Question) async throws -> (kept: Kept?, generation: [UInt8]) {
        let found = try await redis.mget([Self.generationKey(question.organization), key(question)])
        let generation = found[0] ?? []
        guard let value = found[1], let end = value.firstIndex(of: UInt8(ascii: "\n")) else { return (nil, generation) }
        return (Kept(body: Array(value[(end + 1)...]), isCurrent: value[..<end] == generation[...]), generation)
    }

    /// - Throws: ``RedisError``, `CancellationError`.
    func keep(_ body: [UInt8], for question: Question, of generation: [UInt8]) async throws {
        guard body.count <= Self.mostBytes, room.take(body.count) else { return }
        try await redis.set(key(question), to: generation + [UInt8(ascii: "\n")] + body, expiry: lifetime)
    }

    /// Takes the turn to compute an answer.
    ///
    /// - Returns: What it is given back by; nil where somebody else has it.
    /// - Throws: ``RedisError``, `CancellationError`.
    func takeTurn(for question: Question) async throws -> String? {
        let token = UUID().text
        let isTaken = try await redis.set(turnKey(question), to: token, .ifAbsent, expiry: Self.turn)
        return isTaken ? token : nil
    }

    /// - Throws: ``RedisError``, `CancellationError`.
    func giveBackTurn(_ token: String, for question: Question) async throws {
        try await redis.eval(Self.release, keys: [turnKey(question)], arguments: [token])
    }

    /// Whether somebody is computing the answer.
    ///
    /// - Throws: ``RedisError``, `CancellationError`.
    func isTurnTaken(for question: Question) async throws -> Bool {
        try await redis.get(turnKey(question)) != nil
    }

    /// Says that what was answered before may lack what a batch has stored.
    ///
    /// - Throws: ``RedisError``, `CancellationError`.
    func begin(_ generations: [UUID: Int64]) async throws {
        let replies = try await redis.pipeline(
            generations.map {
                .set(Self.generationKey($0.key), to: "\($0.value)", expiry: Self.generationLifetime)
            })
        for case .error(let prefix, let message) in replies {
            throw RedisError.server(prefix: prefix, message: message)
        }
    }

    private static let release = RedisScript(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")

    private static func generationKey(_ organization: UUID) -> String { "lms:answers:\(organization.text):generation" }

    private func key(_ question: Question) -> String { "lms:answers:\(question.organization.text):\(question.digest)" }

    private func turnKey(_ question: Question) -> String { key(question) + ":turn" }
}

/// Bounds what an instance keeps in Redis, where the streams need their room: who varies a question fills no more of it.
private final class Room: Sendable {
    private static let mostBytes = 16 << 20

    private let lifetime: Duration
    private let taken = Mutex((bytes: 0, since: ContinuousClock.now))

    init(for lifetime: Duration) {
        self.lifetime = lifetime
    }

    /// Whether there is room for so many bytes for a lifetime.
    func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            if taken.since + lifetime <= .now { taken = (0, .now) }
            guard taken.bytes + bytes <= Self.mostBytes else { return false }
            taken.bytes += bytes
            return true
        }
    }
}
