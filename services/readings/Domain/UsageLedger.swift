import FoundationEssentials

/// How the organizations that send readings stand with their plans, as one instance knows it. Those of which nothing has
/// come for a while are forgotten.
struct UsageLedger: Sendable {
    private var accounts: [UUID: UsageAccount] = [:]

    var count: Int { accounts.count }

    mutating func standing(of organization: UUID, at now: UsageAccount.Instant) -> IngestStanding {
        accounts[organization, default: UsageAccount()].standing(at: now)
    }

    /// This instance has stored readings, so many of each organization.
    mutating func add(_ counts: [UUID: Int], at now: UsageAccount.Instant) {
        for (organization, count) in counts { accounts[organization, default: UsageAccount()].add(count, at: now) }
    }

    /// Begins to ask the tables about the organizations that are in use, until ``finish(_:at:)`` or ``fail(_:mayBeAdded:)``.
    ///
    /// - Returns: What is to be added to the tables for each, which may be nothing.
    mutating func send(at now: UsageAccount.Instant) -> [UUID: Int] {
        var sent: [UUID: Int] = [:]
        var idle: [UUID] = []
        for (organization, account) in accounts {
            if account.isInUse { sent[organization] = 0 } else if account.isIdle(at: now) { idle.append(organization) }
        }
        for organization in sent.keys { sent[organization] = accounts[organization]?.send() }
        for organization in idle { accounts[organization] = nil }
        return sent
    }

    /// The tables hold what was sent, and have answered.
    mutating func finish(_ reports: [UUID: UsageReport], at now: UsageAccount.Instant) {
        for (organization, report) in reports {
            accounts[organization]?.learn(report, at: now)
            accounts[organization]?.settle()
        }
    }

    /// The tables have not answered.
    ///
    /// - Parameter mayBeAdded: Whether they may hold what was sent all the same.
    mutating func fail(_ organizations: some Sequence<UUID>, mayBeAdded: Bool) {
        for organization in organizations {
            if mayBeAdded { accounts[organization]?.giveUp() } else { accounts[organization]?.takeBack() }
        }
    }

    /// The tables have answered about an organization whose standing was unknown.
    mutating func learn(_ report: UsageReport, of organization: UUID, at now: UsageAccount.Instant) {
        accounts[organization, default: UsageAccount()].learn(report, at: now)
    }
}
