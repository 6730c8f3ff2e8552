import Foundation
import Logging
import Redis
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Some revocations, and where to read on: the answer of `GET /internal/v1/revocations?after=`.
public struct RevocationPage: Sendable, Codable {
    public var items: [Revocation]
    /// The cursor behind the last item; what is revoked later comes after it.
    public var next: String

    public init(items: [Revocation], next: String) {
        self.items = items
        self.next = next
    }
}

/// Keeps `Revocations` up to date: from the channel as they are announced, and by reading them from who has them all
/// (`auth` those of people, `devices` those of device keys), four times a second while nothing would be heard of them, and
/// every few seconds regardless, since a channel may lose messages.
///
/// Whether anything would be heard is known from messages to itself: a connection that hangs looks like one on which
/// nothing is said. What was revoked is known here within a second in both cases, since ``Hearing/patience``, a
/// ``RereadSchedule/turn`` and two readings, one that came too early and the next, take no longer.
public final class RevocationFeed: Service {
    /// Reads the revocations behind the cursor of an earlier page; nil reads all that still matter.
    public typealias Reread = @Sendable (_ after: String?) async throws -> RevocationPage

    private let revocations: Revocations
    private let redis: RedisClient
    private let logger: Logger
    private let sources: [RevocationSource]
    /// Nobody else's.
    private let heartbeatChannel = "lms:heartbeat:\(UUID().uuidString.lowercased())"
    private let hearing = Mutex(Hearing())

    /// - Parameter sources: Each is read by itself, so that one that is away holds up no other. The first is the one that
    ///   ``hasCaughtUp`` waits for.
    public init(revocations: Revocations, redis: RedisClient, logger: Logger, sources: [Reread]) {
        self.revocations = revocations
        self.redis = redis
        self.logger = logger
        self.sources = sources.map(RevocationSource.init)
    }

    /// Whether the first source has been read to its end once. Before that, what was revoked before this process began is
    /// taken as good.
    public var hasCaughtUp: Bool { sources.first?.hasBeenRead.load(ordering: .relaxed) ?? true }

    /// Whether announcements arrive. A connection that has just broken is missed in the heartbeat only later.
    var isHearing: Bool { redis.status == .connected && hearing.withLock { $0.isSound(at: .now) } }

    /// Runs until cancelled or shut down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.listen() }
                group.addTask { await self.keepBeating() }
                for source in self.sources { group.addTask { await self.keepReading(source) } }
            }
        }
    }

    private func listen() async {
        for await event in redis.subscribe(to: Revocation.channel, heartbeatChannel, bufferingNewest: 4096) {
            switch event {
            case .established, .dropped: fallBehind()
            case .message(let message) where message.channel == heartbeatChannel:
                hearing.withLock { $0.lastHeartbeat = .now }
            case .message(let message): accept(message.payload)
            }
        }
    }

    private func keepBeating() async {
        for await _ in Rounds(every: Hearing.interval) {
            // Where it cannot be sent it is not heard either.
            _ = try? await redis.publish([UInt8](), to: heartbeatChannel)
        }
    }

    private func accept(_ json: [UInt8]) {
        do {
            revocations.insert(try JSONDecoder().decode(Revocation.self, from: Data(json)))
        } catch {
            // Of a kind that this version does not know, or cut short: what is answered next will tell.
            logger.warning("revocations: unreadable message", metadata: ["error": "\(error)"])
            fallBehind()
        }
    }

    private func fallBehind() {
        for source in sources { source.schedule.withLock { $0.isBehind = true } }
    }

    private func keepReading(_ source: RevocationSource) async {
        var cursor: String?
        for await _ in Rounds(every: RereadSchedule.turn) {
            let isListening = isHearing
            if source.schedule.withLock({ $0.takeTurn(at: .now, isListening: isListening) }) {
                cursor = await readOn(source, after: cursor)
            }
        }
    }

    /// Reads on to the end, page by page without a pause, and returns where to read on the next time.
    private func readOn(_ source: RevocationSource, after start: String?) async -> String? {
        var cursor = start
        do {
            while !Task.isCancelled {
                let page = try await source.reread(cursor)
                for revocation in page.items { revocations.insert(revocation) }
                let isLast = page.items.isEmpty || page.next == cursor
                cursor = page.next
                // A full page may not be the last one: only an empty one ends the catching up.
                guard isLast else { continue }
                source.hasBeenRead.store(true, ordering: .relaxed)
                break
            }
        } catch {
            logger.debug("revocations: no answer", metadata: ["error": "\(error)"])
            source.schedule.withLock { $0.isBehind = true }
        }
        return cursor
    }
}

/// One that has revocations, and when it is to be asked again.
private final class RevocationSource: Sendable {
    let reread: RevocationFeed.Reread
    let schedule = Mutex(RereadSchedule())
    let hasBeenRead = Atomic(false)

    init(_ reread: @escaping RevocationFeed.Reread) {
        self.reread = reread
    }
}

/// Whether what is published is heard, by the messages that a process sends to itself.
struct Hearing {
    static let interval = Duration.milliseconds(200)
    /// Two messages may be late. One that is missed for nothing costs a reading.
    static let patience = Duration.milliseconds(500)

    var lastHeartbeat: ContinuousClock.Instant?

    func isSound(at now: ContinuousClock.Instant) -> Bool {
        lastHeartbeat.map { $0.duration(to: now) < Self.patience } ?? false
    }
}

/// When the revocations are to be read again: each turn that something may have been missed in.
struct RereadSchedule {
    static let turn = Duration.milliseconds(250)
    static let regularly = Duration.seconds(5)
    /// Who announces may find Redis again later than who listens, and says nothing until then: by the longest pause between
    /// two attempts to connect, and an attempt.
    static let settling = Duration.seconds(10)

    /// Whether something may have been missed since the last reading.
    var isBehind = true
    private var lastReading: ContinuousClock.Instant?
    private var lastDeaf: ContinuousClock.Instant?

    /// Whether to read now, given whether announcements arrive.
    mutating func takeTurn(at now: ContinuousClock.Instant, isListening: Bool) -> Bool {
        if !isListening { lastDeaf = now }
        let isDue = lastReading.map { $0.duration(to: now) >= Self.regularly } ?? true
        let isSettling = lastDeaf.map { $0.duration(to: now) < Self.settling } ?? false
        guard isDue || isBehind || isSettling else { return false }
        lastReading = now
        isBehind = false
        return true
    }
}
