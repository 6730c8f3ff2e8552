import FoundationEssentials

/// The rules of the organizations whose readings come by, indexed; read again as soon as their version has changed.
actor RuleCache {
    /// How long rules are kept whose version has not changed: it may have been lost with Redis' memory.
    private static let lifetime = Duration.seconds(10)

    private struct Entry {
        let version: [UInt8]?
        let readAt: ContinuousClock.Instant
        let index: RuleIndex
    }

    private let rules: RuleStore
    private let versions: RuleVersions
    private var entries: [UUID: Entry] = [:]

    init(rules: RuleStore, versions: RuleVersions) {
        self.rules = rules
        self.versions = versions
    }

    /// The rules of the organizations as they are now.
    ///
    /// - Throws: `RedisError`, `PostgresError`.
    func indexes(of organizations: Set<UUID>) async throws -> [UUID: RuleIndex] {
        let now = ContinuousClock.now
        entries = entries.filter { $0.value.readAt.duration(to: now) < Self.lifetime }
        let order = Array(organizations)
        // The version is read before the rules: a change in between makes them newer than it says, and they are read
        // once more.
        let current = try await versions.read(order)
        let stale = zip(order, current).filter { entries[$0.0]?.version != $0.1 || entries[$0.0] == nil }
        if !stale.isEmpty {
            let byOrganization = Dictionary(
                grouping: try await rules.enabled(in: stale.map(\.0)), by: \.organizationID)
            for (organization, version) in stale {
                entries[organization] = Entry(
                    version: version, readAt: now, index: RuleIndex(byOrganization[organization] ?? []))
            }
        }
        return entries.filter { organizations.contains($0.key) }.mapValues(\.index)
    }
}
