import Foundation
import Logging
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

/// What the subscription to `Revocation.channel` tells.
public enum RevocationSignal: Sendable {
    /// Whether the subscription is in place.
    case isListening(Bool)
    /// A message on the channel.
    case message([UInt8])
}

/// Keeps `Revocations` up to date: from the channel as they are announced, and by reading them from `auth`, which has
/// them all, once a second while the channel is away and now and then regardless, since a channel may lose messages.
public final class RevocationFeed<Signals: AsyncSequence & Sendable>: Service
where Signals.Element == RevocationSignal {
    /// Reads the revocations behind the cursor of an earlier page; nil reads all that still matter.
    public typealias Reread = @Sendable (_ after: String?) async throws -> RevocationPage

    private let revocations: Revocations
    private let signals: Signals
    private let logger: Logger
    private let reread: Reread
    private let schedule = Mutex(RereadSchedule())

    public init(revocations: Revocations, signals: Signals, logger: Logger, reread: @escaping Reread) {
        self.revocations = revocations
        self.signals = signals
        self.logger = logger
        self.reread = reread
    }

    /// Runs until cancelled or shut down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.listen() }
                group.addTask { await self.read() }
            }
        }
    }

    private func listen() async {
        do {
            for try await signal in signals {
                switch signal {
                case .isListening(let isListening): schedule.withLock { $0.isListening = isListening }
                case .message(let json): accept(json)
                }
            }
        } catch {
            logger.warning("revocations: the subscription failed", metadata: ["error": "\(error)"])
        }
        schedule.withLock { $0.isListening = false }
    }

    private func accept(_ json: [UInt8]) {
        do {
            revocations.insert(try JSONDecoder().decode(Revocation.self, from: Data(json)))
        } catch {
            // Of a kind that this version does not know, or cut short: what `auth` answers next will tell.
            logger.warning("revocations: unreadable message", metadata: ["error": "\(error)"])
            schedule.withLock { $0.isBehind = true }
        }
    }

    private func read() async {
        var cursor: String?
        while !Task.isCancelled {
            if schedule.withLock({ $0.takeTurn(at: .now) }) {
                do {
                    let page = try await reread(cursor)
                    for revocation in page.items { revocations.insert(revocation) }
                    cursor = page.next
                    // A full page may not be the last one: only an empty one ends the catching up.
                    if !page.items.isEmpty { schedule.withLock { $0.isBehind = true } }
                } catch {
                    logger.debug("revocations: auth does not answer", metadata: ["error": "\(error)"])
                    schedule.withLock { $0.isBehind = true }
                }
            }
            try? await Task.sleep(for: RereadSchedule.turn)
        }
    }
}

/// When the revocations are to be read again: a turn a second, taken when something may have been missed.
struct RereadSchedule {
    static let turn = Duration.seconds(1)
    private static let regularly = Duration.seconds(30)

    /// Whether announcements arrive.
    var isListening = false {
        didSet { if isListening != oldValue { isBehind = true } }
    }
    /// Whether something may have been missed since the last reading.
    var isBehind = true
    private var lastReading: ContinuousClock.Instant?

    /// Whether to read now.
    mutating func takeTurn(at now: ContinuousClock.Instant) -> Bool {
        let isDue = lastReading.map { $0.duration(to: now) >= Self.regularly } ?? true
        guard isDue || isBehind || !isListening else { return false }
        lastReading = now
        isBehind = false
        return true
    }
}
