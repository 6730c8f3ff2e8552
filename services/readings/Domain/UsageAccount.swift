/// What the tables say of an organization: what its plan allows, and what all instances have stored of it this month.
struct UsageReport: Sendable, Hashable {
    /// Nil where billing has told none: nothing is limited.
    let limits: IngestLimits?
    let stored: Int
}

/// Whether an organization's readings may be taken.
enum IngestStanding: Sendable, Hashable {
    case allowed
    case refused(IngestRefusal)
    /// The tables are to be asked.
    case unknown
}

/// How an organization stands with its plan, as one instance knows it: by what the tables said last, and by what this
/// instance has stored since.
///
/// What other instances have stored is the difference of what the tables say from one time to the next; it is taken from
/// the rate, too, so that all instances allow the same together.
struct UsageAccount: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// For how long a report that allows is good for the first request after a pause. Whoever asks has it renewed.
    static let longestAllowing = Duration.seconds(600)
    /// The same of one that refuses: the plan may have become another, or the month.
    static let longestRefusing = Duration.seconds(3)

    /// Whether somebody has asked, or something was stored, since the tables were asked last.
    private(set) var isInUse = false
    /// Stored by this instance and not in the tables yet.
    private var unsent = 0
    /// Stored by this instance and on the way into the tables.
    private var sent = 0
    /// Stored by this instance, and perhaps in the tables: where they tell of it, it is none of what others stored.
    private var uncertain = 0
    private var report: UsageReport?
    private var reportedAt: Instant?
    private var rate: ReadingRate?

    /// Whether nothing is lost with it: what it counted is in the tables, and what it learned from them is too old.
    func isIdle(at now: Instant) -> Bool {
        guard !isInUse, sent == 0 else { return false }
        return reportedAt.map { $0 + Self.longestAllowing < now } ?? true
    }

    /// A request wants to bring readings.
    mutating func standing(at now: Instant) -> IngestStanding {
        isInUse = true
        guard let report, let reportedAt else { return .unknown }
        let refusal = refusal(by: report, at: now)
        let longest = refusal == nil ? Self.longestAllowing : Self.longestRefusing
        guard reportedAt + longest >= now else { return .unknown }
        return refusal.map(IngestStanding.refused) ?? .allowed
    }

    private func refusal(by report: UsageReport, at now: Instant) -> IngestRefusal? {
        guard let limits = report.limits else { return nil }
        if let limit = limits.readingsPerMonth, report.stored + sent + unsent >= limit {
            return .monthUsedUp(plan: limits.plan, limit: limit)
        }
        if let limit = limits.readingsPerMinute, let wait = rate?.wait(at: now) {
            return .tooFast(plan: limits.plan, limit: limit, wait: wait)
        }
        return nil
    }

    /// This instance has stored readings; duplicates are none.
    mutating func add(_ count: Int, at now: Instant) {
        isInUse = true
        unsent += count
        rate?.take(count, at: now)
    }

    /// Begins to ask the tables.
    ///
    /// - Returns: What is to be added to them.
    mutating func send() -> Int {
        isInUse = false
        sent += unsent
        unsent = 0
        return sent
    }

    /// What was sent is in the tables.
    mutating func settle() {
        sent = 0
    }

    /// What was sent may be in the tables, and is not to be counted twice.
    mutating func giveUp() {
        uncertain += sent
        sent = 0
    }

    /// What was sent is not in the tables.
    mutating func takeBack() {
        unsent += sent
        sent = 0
        isInUse = true
    }

    /// The tables have answered; what was sent, if anything, is in what they say.
    mutating func learn(_ new: UsageReport, at now: Instant) {
        let byOthers = report.map { max(0, new.stored - $0.stored - sent - uncertain) } ?? 0
        uncertain = 0
        if let perMinute = new.limits?.readingsPerMinute {
            rate = rate ?? ReadingRate(perMinute: perMinute, at: now)
            rate?.perMinute = perMinute
            rate?.takeElsewhere(byOthers, at: now)
        } else {
            rate = nil
        }
        report = new
        reportedAt = now
    }
}
