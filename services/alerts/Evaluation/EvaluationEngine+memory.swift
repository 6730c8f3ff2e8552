import EventBus
import FoundationEssentials
import Postgres
import Redis

extension EvaluationEngine {
    /// Loads what is newly held, and lets go of what is not held any more.
    func followLeases() async throws {
        let held = await keeper.positions
        partitions = partitions.filter { held[$0.key]?.epoch == checkpoints[$0.key]?.epoch && held[$0.key] != nil }
        checkpoints = held
        metrics.held.record(held.count)
        let missing = held.filter { partitions[$0.key] == nil }
        guard !missing.isEmpty else { return }
        // Before anything is loaded, so that no change falls between the two.
        try await followChanges()
        do {
            try await load(missing)
        } catch {
            for partition in missing.keys { partitions[partition] = nil }
            throw error
        }
    }

    private func load(_ missing: [Int: Checkpoint]) async throws {
        let numbers = Array(missing.keys)
        let versions = try await cache.rules(of: [], standingIn: numbers).standing
        for (partition, checkpoint) in missing {
            var state = PartitionState(position: checkpoint.statePosition)
            state.load(try await states.watched(in: partition))
            partitions[partition] = state
            standing[partition] = versions[partition]
            try await replay(partition, through: checkpoint)
        }
        try await refresh(organizations)
        for partition in numbers { takeProfiles(partition) { Array($0.devices.keys) } }
    }

    /// Brings states from where they were stored to where the partition stands.
    private func replay(_ partition: Int, through checkpoint: Checkpoint) async throws {
        let stream = StreamName.telemetry(partition)
        var position = checkpoint.statePosition
        guard position < checkpoint.position else { return }
        if position != .zero, try await redis.xrange(stream, from: position, count: 1).first?.id != position {
            logger.error(
                "readings have been trimmed that states had yet to follow",
                metadata: ["partition": "\(partition)", "after": "\(position)"])
        }
        while position < checkpoint.position {
            let next = StreamID(milliseconds: position.milliseconds, sequence: position.sequence + 1)
            let entries = try await redis.xrange(
                stream, from: next, through: checkpoint.position, count: Self.entriesPerRead)
            try await take([partition: entries], isReplay: true)
            position = entries.count < Self.entriesPerRead ? checkpoint.position : entries.last?.id ?? position
        }
        partitions[partition]?.advance(to: position)
    }

    /// Loads devices by their ids, each with its organization.
    func loadDevices(_ missing: [UUID: UUID], isReplay: Bool = false) async throws {
        guard !missing.isEmpty else { return }
        for (partition, devices) in Dictionary(grouping: try await states.devices(missing), by: \.partition) {
            partitions[partition]?.load(devices)
            guard !isReplay else { continue }
            takeProfiles(partition) { _ in devices.map(\.id) }
        }
    }

    // MARK: What no reading tells

    /// Follows what has become of devices, rules and alerts.
    func watch() async throws {
        if ContinuousClock.now >= nextStanding {
            nextStanding = .now + Self.standingLifetime
            standing = [:]
        }
        try await followChanges()
        let organizations = organizations
        await cache.keep(only: organizations)
        rules = rules.filter { organizations.contains($0.key) }
        try await refresh(organizations)
    }

    /// The organizations of all devices in memory.
    private var organizations: Set<UUID> {
        partitions.values.reduce(into: []) { $0.formUnion($1.organizations) }
    }

    /// Reads which rules there are now and what stands, where that has changed, and goes over to it.
    func refresh(_ organizations: Set<UUID>) async throws {
        let current = try await cache.rules(of: organizations, standingIn: Array(partitions.keys))
        let changed = current.rules.filter { organization, now in
            rules[organization].map { $0 !== now } ?? false
        }
        rules.merge(current.rules) { $1 }
        let stale = current.standing.filter { partition, version in standing[partition] != .some(version) }
        if !stale.isEmpty {
            let found = try await states.standing(in: Array(stale.keys))
            for (partition, version) in stale {
                partitions[partition]?.follow(
                    found.filter { StreamName.telemetryPartition(of: $0.key.deviceID) == partition })
                standing[partition] = version
            }
        }
        guard !changed.isEmpty else { return }
        for partition in partitions.keys { takeProfiles(partition) { $0.devices(of: Set(changed.keys)) } }
    }

    private func takeProfiles(_ partition: Int, of devices: (PartitionState) -> [UUID]) {
        guard let ids = partitions[partition].map(devices) else { return }
        partitions[partition]?.takeProfiles(of: ids, by: rules, at: .now)
    }

    private func followChanges() async throws {
        let (changes, next) = try await feed.changes(since: changedSince)
        var missing: [UUID: UUID] = [:]
        for change in changes {
            guard partitions[change.partition] != nil else { continue }
            partitions[change.partition]?.change(change.deviceID, to: change.profile)
            let isKnown = partitions[change.partition]?.devices[change.deviceID] != nil
            if !isKnown, change.profile?.isOffline == true { missing[change.deviceID] = change.organizationID }
        }
        try await refresh(Set(missing.values))
        try await loadDevices(missing)
        for (partition, changes) in Dictionary(grouping: changes, by: \.partition) {
            takeProfiles(partition) { _ in changes.map(\.deviceID) }
        }
        changedSince = next
    }
}

extension ProfileChange {
    fileprivate var partition: Int { StreamName.telemetryPartition(of: deviceID) }
}
