import Foundation
import Synchronization

/// Who presented an opaque credential, by its hash: asked once of whoever knows, then kept for a while.
///
/// Absence is kept too, for a shorter while, so that a wrong key costs little. When nobody can be asked, an answer
/// that was already due to be asked anew still serves: a known device stays known while `devices` is away.
public final class CredentialCache<Value: Sendable>: Sendable {
    /// Asks who holds the credential with that hash; nil when nobody does.
    public typealias Lookup = @Sendable (SecretHash) async throws -> Value?

    /// How long answers are kept, in seconds.
    public struct Lifetimes: Sendable {
        /// Until a holder is asked for anew.
        public var fresh: TimeInterval = 60
        /// Until an absent one is.
        public var absent: TimeInterval = 5
        /// Until a holder is forgotten though nobody could be asked.
        public var stale: TimeInterval = 86_400

        public init() {}
    }

    private struct Answer {
        var value: Value?
        var freshUntil: Date
    }

    private let answers: Mutex<BoundedCache<SecretHash, Answer>>
    private let lifetimes: Lifetimes
    private let now: @Sendable () -> Date
    private let lookup: Lookup

    /// Keeps at most `capacity` answers.
    public init(
        capacity: Int = 50_000, lifetimes: Lifetimes = Lifetimes(), now: @escaping @Sendable () -> Date = { Date() },
        lookup: @escaping Lookup
    ) {
        answers = Mutex(BoundedCache(capacity: capacity))
        self.lifetimes = lifetimes
        self.now = now
        self.lookup = lookup
    }

    /// The holder of the credential, or nil when there is none; throws what `lookup` throws when it is not known.
    public func value(for hash: SecretHash) async throws -> Value? {
        let now = now()
        let known = answers.withLock { $0.value(for: hash, at: now) }
        if let known, known.freshUntil > now { return known.value }
        do {
            let value = try await lookup(hash)
            keep(value, for: hash, since: now)
            return value
        } catch {
            guard let stale = known?.value else { throw error }
            return stale
        }
    }

    /// The holder of the credential, where it is known and need not be asked for.
    func freshValue(for hash: SecretHash) -> Value? {
        let now = now()
        guard let known = answers.withLock({ $0.value(for: hash, at: now) }), known.freshUntil > now else { return nil }
        return known.value
    }

    /// Forgets the credential, so that the next use of it asks.
    public func forget(_ hash: SecretHash) {
        answers.withLock { $0.remove(hash) }
    }

    private func keep(_ value: Value?, for hash: SecretHash, since now: Date) {
        let fresh = value == nil ? lifetimes.absent : lifetimes.fresh
        let kept = value == nil ? lifetimes.absent : max(lifetimes.fresh, lifetimes.stale)
        let answer = Answer(value: value, freshUntil: now.addingTimeInterval(fresh))
        answers.withLock { $0.insert(answer, for: hash, until: now.addingTimeInterval(kept)) }
    }
}
