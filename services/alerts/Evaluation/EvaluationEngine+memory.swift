import EventBus
import FoundationEssentials
import Postgres
import Redis

extension EvaluationEngine {
    /// Loads what is newly held, as much as there is time for before leases are to be renewed, and lets go of what is not
    /// held any more.
    func followLeases() async throws {
        let held = await keeper.positions
        partitions = partitions.filter { held[$0.key]?.epoch == checkpoints[$0.key]?.epoch && held[$0.key] != nil }
        checkpoints = held
        metrics.held.record(held.count)
        let now = ContinuousClock.now
        resting = resting.filter { held[$0.key] != nil && $0.value > now }
        let missing = held.filter { partitions[$0.key] == nil && resting[$0.key] == nil }
        guard !missing.isEmpty else { return }
        // Before anything is loaded, so that no change falls between the two.
        try await followChanges()
        for (partition, checkpoint) in missing {
            do {
                try await load(partition, checkpoint)
            } catch {
                try await giveUp(partition, error)
            }
            // The others have their turns behind the renewal.
            if await keeper.untilNextTurn == .zero { break }
        }
    }

    private func load(_ partition: Int, _ checkpoint: Checkpoint) async throws {
        let versions = try await cache.rules(of: [], standingIn: [partition]).standing
        var state = PartitionState(position: checkpoint.statePosition)
        state.load(try await states.watched(in: partition))
        partitions[partition] = state
        standing[partition] = versions[partition]
        try await replay(partition, through: checkpoint)
        try await refresh(organizations)
        noteProfiles(partition) { Array($0.devices.keys) }
    }

    /// Lets go of a partition that cannot be gone on with. While it is held it is loaded again: at once where others have
    /// written, and after a rest where something is wrong with what is stored of it, or would be.
    ///
    /// - Throws: The error, where it is no partition's own.
    func giveUp(_ partition: Int, _ error: any Error) async throws {
        partitions[partition] = nil
        standing[partition] = nil
        guard Self.isPartitionsOwn(error) else { throw error }
        switch error {
        case is PartitionLost: await keeper.lost(partition)
        case is StandingChanged: break
        default:
            resting[partition] = .now + Self.rest
            logger.error(
                "a partition cannot be evaluated; it is tried again",
                metadata: ["partition": "\(partition)", "error": "\(error)"])
        }
    }

    /// Whether an error is about what is stored of a partition, or would be, and not about a server that is away or a
    /// task that is to end. What takes too long may wait for something that others need not wait for.
    static func isPartitionsOwn(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError:
            (!error.isUnavailability || error.kind == .timedOut) && !Task.isCancelled
        case is RedisError, is CancellationError: false
        default: true
        }
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
            noteProfiles(partition) { _ in devices.map(\.id) }
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
        let stale = current.standing.filter { partition, version in standing[partition] != .some(version) }
        let found = stale.isEmpty ? [:] : try await states.standing(in: Array(stale.keys))
        // All has been read: from here on nothing may fail, or what has changed would be lost for devices that are silent.
        for (partition, version) in stale {
            partitions[partition]?.follow(
                found.filter { StreamName.telemetryPartition(of: $0.key.deviceID) == partition })
            standing[partition] = version
        }
        let changed = current.rules.filter { organization, now in
            rules[organization].map { $0 !== now } ?? false
        }
        rules.merge(current.rules) { $1 }
        guard !changed.isEmpty else { return }
        for partition in partitions.keys { noteProfiles(partition) { $0.devices(of: Set(changed.keys)) } }
    }

    private func noteProfiles(_ partition: Int, of devices: (PartitionState) -> [UUID]) {
        guard let ids = partitions[partition].map(devices) else { return }
        partitions[partition]?.noteProfiles(of: ids, at: .now)
    }

    private func followChanges() async throws {
        let (changes, next) = try await feed.changes(since: changedSince)
        var missing: [UUID: UUID] = [:]
        for change in changes {
            guard partitions[change.partition] != nil else { continue }
            partitions[change.partition]?.change(change.deviceID, to: change.profile)
            let isKnown = partitions[change.partition]?.devices[change.deviceID] != nil
            if !isKnown, change.profile?.isTelling == true { missing[change.deviceID] = change.organizationID }
        }
        try await refresh(Set(missing.values))
        try await loadDevices(missing)
        for (partition, changes) in Dictionary(grouping: changes, by: \.partition) {
            noteProfiles(partition) { _ in changes.map(\.deviceID) }
        }
        changedSince = next
    }
}

extension ProfileChange {
    fileprivate var partition: Int { StreamName.telemetryPartition(of: deviceID) }
}
