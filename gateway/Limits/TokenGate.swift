import Foundation
import Identity
import Synchronization

/// Checks users' tokens before a service sees them: a known one costs a look-up, another its signature, once.
///
/// Nobody is locked out by it: while the issuer's keys are not known its tokens pass, and services decide.
final class TokenGate: Sendable {
    struct Settings: Sendable, Equatable {
        /// The upstream that publishes the keys.
        var issuer: Int
        /// Tokens remembered.
        var capacity = 16_384
    }

    enum Verdict: Sendable {
        case holder(TokenHolder)
        case refused(AuthenticationFailure)
        /// Services can tell.
        case open
    }

    /// How long a refusal is remembered, in seconds.
    private static let refusalLifetime = 5.0

    private final class Shard: Sendable {
        let table: Mutex<TokenTable>

        init(capacity: Int) { table = Mutex(TokenTable(capacity: capacity)) }
    }

    let keys: PublishedKeys
    private let revocations: Revocations
    private let shards: [Shard]
    /// Gets an element when keys are wanted that are not known.
    let keyRequests: AsyncStream<Void>
    private let requestKeys: AsyncStream<Void>.Continuation

    init(keys: PublishedKeys, revocations: Revocations, capacity: Int, shardCount: Int = 16) {
        self.keys = keys
        self.revocations = revocations
        shards = (0..<shardCount).map { _ in Shard(capacity: max(1, capacity / shardCount)) }
        (keyRequests, requestKeys) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has the issuer asked for its keys.
    func wantKeys() { requestKeys.yield() }

    /// What is known of a token from before; nil of one that is new, or was long ago.
    func known(_ key: UInt64, at now: Date) -> Verdict? {
        let finding = shard(key).table.withLock { $0.finding(for: key, at: now.timeIntervalSince1970) }
        return finding.map(verdict)
    }

    /// Judges a credential and remembers what was found.
    ///
    /// - Parameter key: the hash of `credential`.
    func judge(_ key: UInt64, _ credential: String, at now: Date) -> Verdict {
        let finding: TokenTable.Finding
        var until = now.timeIntervalSince1970 + Self.refusalLifetime
        switch keys.judge(credential, at: now) {
        case .user(let user):
            finding = .holder(TokenHolder(user))
            if let end = user.expiresAt { until = end.timeIntervalSince1970 }
        case .refused(let failure):
            finding = .refused(failure)
        case .open:
            return .open
        case .unknownKey:
            wantKeys()
            return .open
        }
        shard(key).table.withLock { [until] in $0.insert(finding, for: key, until: until) }
        return verdict(finding)
    }

    /// Tokens remembered.
    var count: Int { shards.reduce(0) { $0 + $1.table.withLock(\.count) } }

    private func verdict(_ finding: TokenTable.Finding) -> Verdict {
        switch finding {
        case .refused(let failure): .refused(failure)
        case .holder(let holder): revocations.isRevoked(holder.user) ? .refused(.revoked) : .holder(holder)
        }
    }

    private func shard(_ key: UInt64) -> Shard {
        shards[Int(key & 0xff) % shards.count]
    }
}
