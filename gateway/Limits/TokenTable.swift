import Identity

/// Whom a token stands for, as far as limits and revocations ask.
struct TokenHolder: Sendable {
    /// Without the grants.
    let user: UserPrincipal
    /// Hashes with this process's secret seed.
    let principal: UInt64
    let organization: UInt64?

    init(_ user: UserPrincipal) {
        self.user = UserPrincipal(
            id: user.id, organizationID: user.organizationID, role: user.role, sessionID: user.sessionID,
            tokenID: user.tokenID, isSuperuser: user.isSuperuser, issuedAt: user.issuedAt, expiresAt: user.expiresAt)
        principal = Self.hash(user.id)
        organization = user.organizationID.map(Self.hash)
    }

    private static func hash(_ id: some Hashable) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(id)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

/// Tokens that were checked, by the hash of their text, in a fixed amount of memory.
///
/// Sets of eight, as in ``BucketTable``; what was used longest ago makes room. The hash has a secret seed, and whoever
/// finds two tokens with one hash all the same gains nothing, as services check for themselves.
struct TokenTable: Sendable {
    enum Finding: Sendable {
        case holder(TokenHolder)
        case refused(AuthenticationFailure)
    }

    private struct Entry: Sendable {
        var key: UInt64
        var finding: Finding
        /// Seconds since 1970.
        var until: Double
        var lastUse: UInt64
    }

    private static let ways = 8

    private let mask: Int
    private var entries: [Entry?]
    private var uses: UInt64 = 0

    /// - Parameter capacity: tokens, rounded up to a power of two.
    init(capacity: Int) {
        var sets = 1
        while sets * Self.ways < capacity { sets <<= 1 }
        mask = sets - 1
        entries = Array(repeating: nil, count: sets * Self.ways)
    }

    /// Tokens that the table holds.
    var count: Int { entries.count { $0 != nil } }

    /// What was found of the token, if that still holds at `now`, in seconds since 1970.
    mutating func finding(for key: UInt64, at now: Double) -> Finding? {
        for index in set(of: key) {
            guard let entry = entries[index], entry.key == key else { continue }
            guard entry.until > now else {
                entries[index] = nil
                return nil
            }
            uses += 1
            entries[index]?.lastUse = uses
            return entry.finding
        }
        return nil
    }

    mutating func insert(_ finding: Finding, for key: UInt64, until: Double) {
        var place = set(of: key).lowerBound
        var oldest = UInt64.max
        for index in set(of: key) {
            guard let entry = entries[index], entry.key != key else {
                place = index
                break
            }
            if entry.lastUse < oldest {
                oldest = entry.lastUse
                place = index
            }
        }
        uses += 1
        entries[place] = Entry(key: key, finding: finding, until: until, lastUse: uses)
    }

    private func set(of key: UInt64) -> Range<Int> {
        let start = (Int(truncatingIfNeeded: key >> 32) & mask) * Self.ways
        return start..<start + Self.ways
    }
}
