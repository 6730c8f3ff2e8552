import Synchronization

/// How a route is limited.
enum LimitClass: String, Sendable, CaseIterable {
    /// Never.
    case none
    /// By user and organization, or by credential, or by address where there is none.
    case general
    /// By address whatever credential there is: where no service looks at it.
    case address
    /// By address, strictly: where passwords are tried.
    case signIn = "sign-in"
}

/// Limits requests by address, credential, user and organization.
///
/// A laboratory sits behind one address, so a request with a credential is counted by that credential, or where the
/// gateway has checked it, by whom it stands for. Of an opaque one it cannot tell a good one from a made-up one, so that
/// counts against its address too until a service has accepted it, and again after a service refused it; otherwise a
/// new one for every request would have no limit.
///
/// The tables are sharded, each shard behind a lock held for some nanoseconds, so that all event loops share one count.
final class RateLimiter: Sendable {
    struct Limits: Sendable, Equatable {
        var address: RateLimit
        var credential: RateLimit
        /// Nil is as for credentials.
        var principal: RateLimit?
        /// Nil is no limit.
        var organization: RateLimit?
        /// Whether an organization has its plan's rate in place of that, where it is known.
        var usesPlanRates = true
        var signIn: RateLimit
        /// Buckets of each kind that are kept.
        var capacity: Int

        func limit(of kind: LimitKind) -> RateLimit {
            switch kind {
            case .address: address
            case .credential: credential
            case .principal: principal ?? credential
            case .organization: organization ?? credential
            case .signIn: signIn
            // Each bucket has that of its route.
            case .route: credential
            }
        }
    }

    /// What a request was counted as; handed back with its outcome.
    struct Ticket: Sendable, Equatable {
        fileprivate var address: UInt64
        fileprivate var credential: UInt64
        /// Whether the address has been charged for a credential that nobody knows yet.
        fileprivate(set) var isUnproven: Bool
        /// The bucket of a route that the address has been charged in, too.
        var route: UInt64?
    }

    /// What became of a request.
    struct Admission: Sendable {
        /// Nil where the class has no limit.
        var decision: RateDecision?
        /// To settle when the answer is known.
        var ticket: Ticket?
        /// The kinds whose bucket has become worth sharing with other gateways.
        var hot: LimitKinds = []
        /// Whether the rate of the organization's plan is to be looked up.
        var isLookupDue = false
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

    /// A class, as a mutex is noncopyable and cannot be an array's element.
    private final class Shard: Sendable {
        private let tables: Mutex<[BucketTable]>

        init(_ tables: [BucketTable]) { self.tables = Mutex(tables) }

        func withTable<Result>(_ kind: LimitKind, _ body: (inout BucketTable) -> Result) -> Result {
            tables.withLock { body(&$0[kind.rawValue]) }
        }
    }

    private let limitsOrganizations: Atomic<Bool>
    private let shards: [Shard]
    private let gateways = Atomic<Int>(1)
    private let isExchanging = Atomic<Bool>(false)

    init(_ limits: Limits, shardCount: Int = 16) {
        let capacity = max(1, limits.capacity / shardCount)
        limitsOrganizations = Atomic(limits.organization != nil)
        shards = (0..<shardCount).map { _ in
            Shard(
                LimitKind.allCases.map { kind in
                    var table = BucketTable(limits.limit(of: kind), capacity: capacity)
                    table.usesPlanRates = kind == .organization && limits.usesPlanRates
                    return table
                })
        }
    }

    /// Takes other limits into use, all but the capacity. Of what is in a bucket as much stays as the new limit allows.
    func change(to limits: Limits) {
        limitsOrganizations.store(limits.organization != nil, ordering: .relaxed)
        for shard in shards {
            for kind in LimitKind.allCases { shard.withTable(kind) { $0.limit = limits.limit(of: kind) } }
            shard.withTable(.organization) { $0.usesPlanRates = limits.usesPlanRates }
        }
    }

    // MARK: Requests

    /// Counts a request of nobody known.
    ///
    /// - Parameters:
    ///   - address: a hash of the client's address.
    ///   - credential: a hash of what the request identifies itself by, if anything.
    ///   - now: nanoseconds of the monotonic clock.
    func admit(_ limitClass: LimitClass, address: UInt64, credential: UInt64?, now: UInt64) -> Admission {
        switch limitClass {
        case .none:
            return Admission()
        case .signIn:
            return charge(.signIn, address, now: now)
        case .address:
            return charge(.address, address, now: now)
        case .general:
            guard let credential else { return charge(.address, address, now: now) }
            let taken = take(.credential, credential, now: now)
            let hot = taken.isHot ? LimitKinds(.credential) : []
            guard taken.decision.isAllowed, !taken.isProven else {
                let ticket = Ticket(address: address, credential: credential, isUnproven: false)
                return Admission(decision: taken.decision, ticket: ticket, hot: hot)
            }
            let charged = charge(.address, address, now: now)
            let ticket = Ticket(address: address, credential: credential, isUnproven: true)
            let isAllowed = charged.decision?.isAllowed == true
            return Admission(
                decision: isAllowed ? taken.decision : charged.decision, ticket: isAllowed ? ticket : nil,
                hot: hot.union(charged.hot))
        }
    }

    /// Counts a request of a user whose token was checked, by hashes of the user and of the organization.
    func admit(principal: UInt64, organization: UInt64?, now: UInt64) -> Admission {
        let own = charge(.principal, principal, now: now)
        guard let organization, limitsOrganizations.load(ordering: .relaxed), let decision = own.decision,
            decision.isAllowed
        else { return own }
        let all = charge(.organization, organization, now: now)
        guard let allDecision = all.decision else { return own }
        if !allDecision.isAllowed { giveBack(.principal, principal) }
        // The one that ends first is told.
        let isAllTighter = !allDecision.isAllowed || allDecision.remaining < decision.remaining
        return Admission(
            decision: isAllTighter ? allDecision : decision, hot: own.hot.union(all.hot), isLookupDue: all.isLookupDue)
    }

    /// Takes note of what an organization's plan allows a second; nil is the limit of all.
    func setPlanRate(_ rate: Double?, of organization: UInt64) {
        shard(organization).withTable(.organization) { $0.setPlanRate(rate, of: organization) }
    }

    /// Takes a token of one kind alone.
    func charge(_ kind: LimitKind, _ key: UInt64, now: UInt64) -> Admission {
        let taken = take(kind, key, now: now)
        return Admission(
            decision: taken.decision, hot: taken.isHot ? LimitKinds(kind) : [], isLookupDue: taken.isLookupDue)
    }

    /// Takes a token of a caller on a route, by what the route allows.
    func charge(route key: UInt64, limit: RateLimit, now: UInt64) -> BucketTable.Taken {
        take(.route, key, limit: limit, now: now)
    }

    /// Gives back what `charge` took.
    func giveBack(_ kind: LimitKind, _ key: UInt64) {
        shard(key).withTable(kind) { $0.giveBack(key) }
    }

    /// Notes how a service took the credential of a request.
    func settle(_ ticket: Ticket, _ outcome: Outcome) {
        switch outcome {
        case .refused:
            shard(ticket.credential).withTable(.credential) { $0.prove(ticket.credential, false) }
        case .accepted where ticket.isUnproven:
            shard(ticket.credential).withTable(.credential) { $0.prove(ticket.credential, true) }
            giveBack(.address, ticket.address)
            if let route = ticket.route { giveBack(.route, route) }
        case .accepted, .unknown:
            break
        }
    }

    private func take(
        _ kind: LimitKind, _ key: UInt64, limit: RateLimit? = nil, now: UInt64
    ) -> BucketTable.Taken {
        let division = division
        return shard(key).withTable(kind) { $0.take(key, now: now, division, limit: limit) }
    }

    private func shard(_ key: UInt64) -> Shard {
        shards[Int(key & 0xff) % shards.count]
    }
}

// MARK: Other gateways

extension RateLimiter {
    /// How the limits are divided now.
    var division: BucketTable.Division {
        let gateways = gateways.load(ordering: .relaxed)
        guard gateways > 1 else { return .whole }
        guard isExchanging.load(ordering: .relaxed) else { return .parts(gateways) }
        // Half of what each may use if all use the same: a key that could be over the limit is shared before it is.
        return .shared(from: 0.5 / Double(gateways))
    }

    /// Takes note of how many gateways there are, this one included.
    func meet(gateways count: Int) {
        gateways.store(max(1, count), ordering: .relaxed)
        isExchanging.store(true, ordering: .relaxed)
    }

    /// Takes note that the others cannot be told anything: each keeps to its part until they can.
    func loseOthers() {
        isExchanging.store(false, ordering: .relaxed)
    }

    func share(_ kind: LimitKind, _ key: UInt64, as name: LimitName, now: UInt64) {
        shard(key).withTable(kind) { $0.share(key, as: name, now: now) }
    }

    /// What the others are to be told now.
    func collect(now: UInt64) -> [LimitReport] {
        var reports: [LimitReport] = []
        for shard in shards {
            for kind in LimitKind.allCases {
                shard.withTable(kind) { $0.collect(kind, now: now, into: &reports) }
            }
        }
        return reports
    }

    func restore(_ report: LimitReport) {
        shard(report.key).withTable(report.kind) { $0.restore(report) }
    }

    func hear(balance: Double, of report: LimitReport, now: UInt64) {
        shard(report.key).withTable(report.kind) { $0.hear(balance: balance, of: report, now: now) }
    }

    /// Buckets that are kept, and those of them that are shared.
    var counts: (kept: Int, shared: Int) {
        var counts = (kept: 0, shared: 0)
        for shard in shards {
            for kind in LimitKind.allCases {
                shard.withTable(kind) {
                    counts.kept += $0.count
                    counts.shared += $0.sharedCount
                }
            }
        }
        return counts
    }
}
