import EventBus
import FoundationEssentials
import Postgres

/// The rules and maintenance windows of the organizations whose readings come by; read again as soon as their version has
/// changed.
actor RuleCache {
    /// How long rules are kept whose version has not changed: it may have been lost with Redis' memory, and windows end.
    private static let lifetime = Duration.seconds(10)

    private struct Entry {
        let version: [UInt8]?
        let readAt: ContinuousClock.Instant
        let found: [Rule]
        let rules: OrganizationRules
    }

    private let rules: RuleStore
    private let windows: MaintenanceWindowStore
    private let versions: RuleVersions
    private var entries: [UUID: Entry] = [:]

    init(rules: RuleStore, windows: MaintenanceWindowStore, versions: RuleVersions) {
        self.rules = rules
        self.windows = windows
        self.versions = versions
    }

    /// The rules of the organizations as they are now, and the versions of what stands in the partitions. Rules that have
    /// not changed keep their index, and without a change of the windows either, all is the same object.
    ///
    /// - Throws: `RedisError`, `PostgresError`.
    func rules(
        of organizations: Set<UUID>, standingIn partitions: [Int]
    ) async throws -> (rules: [UUID: OrganizationRules], standing: [Int: [UInt8]?]) {
        let now = ContinuousClock.now
        let order = Array(organizations)
        // The version is read before the rules: a change in between makes them newer than it says, and they are read
        // once more.
        let current = try await versions.read(order, partitions)
        let stale = zip(order, current).filter { organization, version in
            guard let entry = entries[organization] else { return true }
            return entry.version != version || entry.readAt.duration(to: now) >= Self.lifetime
        }
        try await read(stale, at: now)
        let standing = zip(partitions, current.dropFirst(order.count)).map { ($0, $1) }
        return (
            entries.filter { organizations.contains($0.key) }.mapValues(\.rules),
            Dictionary(uniqueKeysWithValues: standing)
        )
    }

    private func read(_ stale: [(UUID, [UInt8]?)], at now: ContinuousClock.Instant) async throws {
        guard !stale.isEmpty else { return }
        let organizations = stale.map(\.0)
        let found = Dictionary(grouping: try await rules.enabled(in: organizations), by: \.organizationID)
        // Those that are over, too, as far back as what is evaluated may be.
        let calendars = try await windows.active(
            in: organizations, at: .now.adding(.zero - StreamRetention.readings.limit))
        for (organization, version) in stale {
            let rules = found[organization] ?? []
            let calendar = calendars[organization] ?? .empty
            let known = entries[organization].flatMap { $0.found == rules ? $0.rules : nil }
            entries[organization] = Entry(
                version: version, readAt: now, found: rules,
                rules: known.flatMap { $0.calendar == calendar ? $0 : nil }
                    ?? OrganizationRules(index: known?.index ?? RuleIndex(rules), calendar: calendar))
        }
    }

    /// Has the rules of organizations read again.
    func forget(_ organizations: Set<UUID>) {
        for organization in organizations { entries[organization] = nil }
    }

    /// Forgets the organizations of which nothing is in memory any more.
    func keep(only organizations: Set<UUID>) {
        entries = entries.filter { organizations.contains($0.key) }
    }
}
