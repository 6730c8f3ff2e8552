/// Token buckets by key, in a fixed amount of memory.
///
/// The table is divided into sets of eight, as a processor's cache is; a key belongs to one set. When its set is full
/// the bucket with most tokens goes: whoever owned it has used least, and starts again with a full one. Keys are hashes
/// with a secret seed, so that nobody can aim at a set.
struct BucketTable: Sendable {
    private struct Entry: Sendable {
        var key: UInt64
        var bucket: TokenBucket
        /// Whether a service has accepted the credential that this bucket is for.
        var isProven: Bool
    }

    private static let ways = 8

    private let limit: RateLimit
    private let mask: Int
    private var entries: [Entry?]

    /// - Parameter capacity: buckets, rounded up to a power of two.
    init(_ limit: RateLimit, capacity: Int) {
        var sets = 1
        while sets * Self.ways < capacity { sets <<= 1 }
        self.limit = limit
        mask = sets - 1
        entries = Array(repeating: nil, count: sets * Self.ways)
    }

    /// Takes a token from the bucket of `key`, which is made when there is none.
    mutating func take(_ key: UInt64, now: UInt64) -> (decision: RateDecision, isProven: Bool) {
        let index = slot(for: key, now: now)
        var entry = entries[index] ?? Entry(key: key, bucket: TokenBucket(limit, now: now), isProven: false)
        let decision = entry.bucket.take(limit, now: now)
        entries[index] = entry
        return (decision, entry.isProven)
    }

    /// Gives back what the last `take` for `key` took.
    mutating func giveBack(_ key: UInt64) {
        guard let index = find(key) else { return }
        entries[index]?.bucket.giveBack(limit)
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
        var most = -1.0
        for index in set(of: key) {
            guard let entry = entries[index] else { return index }
            let tokens = entry.bucket.isFull(limit, now: now) ? limit.burst : entry.bucket.tokens
            if tokens > most {
                most = tokens
                victim = index
            }
        }
        entries[victim] = nil
        return victim
    }
}
