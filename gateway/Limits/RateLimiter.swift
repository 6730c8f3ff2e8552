import Synchronization

/// How a route is limited.
enum LimitClass: String, Sendable, CaseIterable {
    /// Never.
    case none
    /// By credential, or by address where there is none.
    case general
    /// By address whatever credential there is: where no service looks at it.
    case address
    /// By address, strictly: where passwords are tried.
    case signIn = "sign-in"
}

/// Limits requests by address and by credential.
///
/// A laboratory sits behind one address, so a request with a credential is counted by that credential. As the gateway
/// cannot tell a good one from a made-up one, a credential counts against its address too until a service has accepted
/// it, and again after a service refused it; otherwise a new one for every request would have no limit.
///
/// The tables are sharded, each shard behind a lock held for some nanoseconds, so that all event loops share one count.
final class RateLimiter: Sendable {
    struct Limits: Sendable, Equatable {
        var address: RateLimit
        var credential: RateLimit
        var signIn: RateLimit
        /// Buckets of each kind that are kept.
        var capacity: Int
    }

    /// What a request was counted as; handed back with its outcome.
    struct Ticket: Sendable, Equatable {
        fileprivate var address: UInt64
        fileprivate var credential: UInt64
        /// Whether the address has been charged for a credential that nobody knows yet.
        fileprivate var isUnproven: Bool
    }

    /// How a service took the credential of a request.
    enum Outcome: Sendable {
        case accepted, refused, unknown

        /// What a status says: 401 refuses; a success accepts; anything else may have been said before looking.
        init(status: Int) {
            switch status {
            case 200..<300, 304, 101: self = .accepted
            case 401: self = .refused
            default: self = .unknown
            }
        }
    }

    private struct Tables: Sendable {
        var address: BucketTable
        var credential: BucketTable
        var signIn: BucketTable
    }

    /// A class, as a mutex is noncopyable and cannot be an array's element.
    private final class Shard: Sendable {
        private let tables: Mutex<Tables>

        init(_ tables: Tables) { self.tables = Mutex(tables) }

        func withLock<Result>(_ body: (inout Tables) -> Result) -> Result {
            tables.withLock { body(&$0) }
        }
    }

    private let shards: [Shard]

    init(_ limits: Limits, shardCount: Int = 16) {
        let capacity = max(1, limits.capacity / shardCount)
        shards = (0..<shardCount).map { _ in
            Shard(
                Tables(
                    address: BucketTable(limits.address, capacity: capacity),
                    credential: BucketTable(limits.credential, capacity: capacity),
                    signIn: BucketTable(limits.signIn, capacity: capacity)))
        }
    }

    /// Counts a request.
    ///
    /// - Parameters:
    ///   - address: a hash of the client's address.
    ///   - credential: a hash of what the request identifies itself by, if anything.
    ///   - now: nanoseconds of the monotonic clock.
    /// - Returns: the decision, nil where the class has no limit, and the ticket to settle when the answer is known.
    func admit(
        _ limitClass: LimitClass, address: UInt64, credential: UInt64?, now: UInt64
    ) -> (decision: RateDecision?, ticket: Ticket?) {
        switch limitClass {
        case .none:
            return (nil, nil)
        case .signIn:
            return (shard(address).withLock { $0.signIn.take(address, now: now).decision }, nil)
        case .address:
            return (shard(address).withLock { $0.address.take(address, now: now).decision }, nil)
        case .general:
            guard let credential else {
                return (shard(address).withLock { $0.address.take(address, now: now).decision }, nil)
            }
            let (decision, isProven) = shard(credential).withLock { $0.credential.take(credential, now: now) }
            guard decision.isAllowed, !isProven else {
                return (decision, Ticket(address: address, credential: credential, isUnproven: false))
            }
            let charged = shard(address).withLock { $0.address.take(address, now: now).decision }
            let ticket = Ticket(address: address, credential: credential, isUnproven: true)
            return charged.isAllowed ? (decision, ticket) : (charged, nil)
        }
    }

    /// Notes how a service took the credential of a request.
    func settle(_ ticket: Ticket, _ outcome: Outcome) {
        switch outcome {
        case .refused:
            shard(ticket.credential).withLock { $0.credential.prove(ticket.credential, false) }
        case .accepted where ticket.isUnproven:
            shard(ticket.credential).withLock { $0.credential.prove(ticket.credential, true) }
            shard(ticket.address).withLock { $0.address.giveBack(ticket.address) }
        case .accepted, .unknown:
            break
        }
    }

    private func shard(_ key: UInt64) -> Shard {
        shards[Int(key & 0xff) % shards.count]
    }
}
