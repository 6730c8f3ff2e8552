/// Token buckets by key, in a fixed amount of memory.
///
/// The table is divided into sets of eight, as a processor's cache is; a key belongs to one set. When its set is full
/// the bucket that is nearest to full goes: whoever owned it has used least, and starts again with a full one. Keys are
/// hashes with a secret seed, so that nobody can aim at a set.
struct BucketTable: Sendable {
    private struct Entry: Sendable {
        var key: UInt64
        var bucket: TokenBucket
        /// Tokens taken, less those that a gateway's part of the limit brings back: what tells that a key is worth sharing.
        var usage: Float = 0
        /// Whether a service has accepted the credential that this bucket is for.
        var isProven = false
        var isShared = false
        /// What the plan, or the route, allows a second; 0 where that is not known, or left to the table's limit.
        var rate: Float = 0
        /// What the route allows at once; 0 is as many seconds of the rate as of the table's limit.
        var burst: Float = 0
        /// In seconds of the monotonic clock.
        var nextLookup: UInt32 = 0
    }

    /// What taking a token came to.
    struct Taken: Sendable {
        var decision: RateDecision
        var isProven: Bool
        /// Whether the bucket has become worth sharing with other gateways.
        var isHot = false
        /// Whether the plan's rate is to be looked up.
        var isLookupDue = false
    }

    /// How the limit is divided now.
    enum Division: Sendable, Equatable {
        /// There is nobody to share it with.
        case whole
        /// With others, who are told of keys that are used much; the fraction of the limit that is much.
        case shared(from: Double)
        /// Into fixed parts, as nobody can be told.
        case parts(Int)
    }

    private static let ways = 8
    /// Seconds until the plan's rate of a key in use is looked up again.
    static let lookupInterval: UInt32 = 5

    var limit: RateLimit
    /// Whether the plan's rate counts where there is one, with a burst of as many seconds as that of `limit`.
    var usesPlanRates = false
    private let mask: Int
    private var entries: [Entry?]
    private let sharedCapacity: Int
    private var shared: [UInt64: SharedBucket] = [:]

    /// - Parameters:
    ///   - capacity: buckets, rounded up to a power of two.
    ///   - sharedCapacity: those of them that are shared with other gateways at most.
    init(_ limit: RateLimit, capacity: Int, sharedCapacity: Int = 512) {
        var sets = 1
        while sets * Self.ways < capacity { sets <<= 1 }
        self.limit = limit
        self.sharedCapacity = sharedCapacity
        mask = sets - 1
        entries = Array(repeating: nil, count: sets * Self.ways)
    }

    /// Buckets that the table holds.
    var count: Int { entries.count { $0 != nil } }

    var sharedCount: Int { shared.count }

    /// Takes a token from the bucket of `key`, which is made when there is none.
    ///
    /// - Parameter own: the limit of this bucket alone, in place of the table's.
    mutating func take(
        _ key: UInt64, now: UInt64, _ division: Division = .whole, limit own: RateLimit? = nil
    ) -> Taken {
        let index = slot(for: key, now: now)
        var entry = entries[index] ?? Entry(key: key, bucket: TokenBucket(own ?? limit, now: now))
        if let own { (entry.rate, entry.burst) = (Float(own.rate), Float(own.burst)) }
        let limit = limit(of: entry)
        let isLookupDue = takeLookup(&entry, now: now)
        var isHot = false
        let decision: RateDecision
        switch division {
        case .whole:
            decision = entry.bucket.take(limit, now: now)
        case .parts(let count):
            decision = entry.bucket.take(limit.share(of: count), now: now)
        case .shared(let fraction):
            let elapsed = now > entry.bucket.updated ? Double(now - entry.bucket.updated) / 1e9 : 0
            entry.usage = max(0, entry.usage - Float(elapsed * limit.rate * fraction))
            let reserve = entry.isShared ? shared[key]?.reserve(now: now) ?? 0 : 0
            decision = entry.bucket.take(limit, now: now, reserve: reserve)
            if decision.isAllowed { entry.usage += 1 }
            isHot =
                !entry.isShared && Double(entry.usage) > max(1, limit.burst * fraction)
                && shared.count < sharedCapacity
        }
        if entry.isShared, decision.isAllowed { shared[key]?.unsent += 1 }
        entries[index] = entry
        return Taken(decision: decision, isProven: entry.isProven, isHot: isHot, isLookupDue: isLookupDue)
    }

    /// Gives back what the last `take` for `key` took.
    mutating func giveBack(_ key: UInt64) {
        guard let index = find(key), let entry = entries[index] else { return }
        let limit = limit(of: entry)
        entries[index]?.bucket.giveBack(limit)
        entries[index]?.usage = max(0, entry.usage - 1)
        if entry.isShared { shared[key]?.unsent -= 1 }
    }

    /// Notes whether a service accepted the credential behind `key`.
    mutating func prove(_ key: UInt64, _ isProven: Bool) {
        guard let index = find(key) else { return }
        entries[index]?.isProven = isProven
    }

    private func set(of key: UInt64) -> Range<Int> {
        let start = (Int(truncatingIfNeeded: key >> 32) & mask) * Self.ways
        return start..<start + Self.ways
    }

    private func find(_ key: UInt64) -> Int? {
        for index in set(of: key) where entries[index]?.key == key { return index }
        return nil
    }

    /// The place of `key`, emptied of another's bucket if need be.
    private mutating func slot(for key: UInt64, now: UInt64) -> Int {
        if let known = find(key) { return known }
        var victim = set(of: key).lowerBound
        var fewest = Double.infinity
        for index in set(of: key) {
            guard let entry = entries[index] else { return index }
            let limit = limit(of: entry)
            let missing = 1 - entry.bucket.refilled(limit, now: now) / limit.burst
            if missing < fewest {
                fewest = missing
                victim = index
            }
        }
        if let entry = entries[victim], entry.isShared { shared[entry.key] = nil }
        entries[victim] = nil
        return victim
    }
}

// MARK: Plans

extension BucketTable {
    /// Takes note of what the plan of `key` allows a second; nil is the table's limit. Of what is in the bucket as much
    /// stays as may.
    mutating func setPlanRate(_ rate: Double?, of key: UInt64) {
        guard let index = find(key) else { return }
        entries[index]?.rate = Float(rate ?? 0)
    }

    private func limit(of entry: Entry) -> RateLimit {
        if entry.burst > 0 { return RateLimit(rate: Double(entry.rate), burst: Double(entry.burst)) }
        return usesPlanRates && entry.rate > 0 ? limit.scaled(to: Double(entry.rate)) : limit
    }

    private func takeLookup(_ entry: inout Entry, now: UInt64) -> Bool {
        guard usesPlanRates else { return false }
        let second = UInt32(truncatingIfNeeded: now / 1_000_000_000)
        guard second >= entry.nextLookup else { return false }
        entry.nextLookup = second + Self.lookupInterval
        return true
    }
}

// MARK: Other gateways

extension BucketTable {
    /// Shares a bucket with other gateways from now on; they learn of all that is missing in it.
    mutating func share(_ key: UInt64, as name: LimitName, now: UInt64) {
        guard let index = find(key), let entry = entries[index], !entry.isShared else { return }
        let limit = limit(of: entry)
        var bucket = SharedBucket(name: name, now: now)
        bucket.unsent = Int((limit.burst - entry.bucket.refilled(limit, now: now)).rounded())
        shared[key] = bucket
        entries[index]?.isShared = true
    }

    /// What the others are to be told; from then on they count as told. Buckets that are full again are shared no more.
    mutating func collect(_ kind: LimitKind, now: UInt64, into reports: inout [LimitReport]) {
        for (key, bucket) in shared {
            guard let index = find(key), let entry = entries[index] else {
                shared[key] = nil
                continue
            }
            let limit = limit(of: entry)
            if bucket.unsent == 0, entry.bucket.isFull(limit, now: now) {
                shared[key] = nil
                entries[index]?.isShared = false
                continue
            }
            shared[key]?.unsent = 0
            // In an outage most of what was taken has come back, too, which Redis does not see: a bucket holds no more than
            // its burst. More would keep everybody waiting for what nobody owes.
            let taken = min(bucket.unsent, Int(limit.burst + limit.rate))
            reports.append(
                LimitReport(
                    kind: kind, key: key, name: bucket.name, limit: limit, taken: taken,
                    balance: entry.bucket.refilled(limit, now: now), collected: now))
        }
    }

    /// Takes back what `collect` gave out, since the others were not told.
    mutating func restore(_ report: LimitReport) {
        shared[report.key]?.unsent += report.taken
    }

    /// Hears what all gateways together have left in a bucket, between the report and `now`.
    mutating func hear(balance: Double, of report: LimitReport, now: UInt64) {
        guard let index = find(report.key), let entry = entries[index], var bucket = shared[report.key] else { return }
        let limit = limit(of: entry)
        // The answer's moment is not known; in the middle it is half of the way wrong at most.
        let wait = now > report.collected ? Double(now - report.collected) / 2e9 : 0
        let tokens = min(limit.burst, balance + wait * limit.rate) - Double(bucket.unsent)
        bucket.hear(taken: entry.bucket.refilled(limit, now: now) - tokens, limit, now: now)
        shared[report.key] = bucket
        entries[index]?.bucket.set(tokens, limit, now: now)
    }
}
