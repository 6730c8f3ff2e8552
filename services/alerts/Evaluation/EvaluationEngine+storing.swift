import FoundationEssentials

extension EvaluationEngine {
    /// Stores what has come of a turn: where nothing did, the positions alone.
    ///
    /// - Throws: ``PartitionLost``, ``StandingChanged``, `PostgresError`; then memory is empty.
    func storeTurn() async throws {
        let (isCountDue, partition) = pace.due(at: .now)
        try await store(isCountDue: isCountDue, states: partition.map { [$0] } ?? [])
    }

    /// Stores all that is in memory alone.
    func storeAll() async throws {
        try await store(isCountDue: true, states: Set(partitions.keys))
    }

    private func store(isCountDue: Bool, states due: Set<Int>) async throws {
        var turn = EvaluationTurn(checkpoints: [:])
        var stored: [Int: [UUID]] = [:]
        for partition in partitions.keys {
            guard var checkpoint = checkpoints[partition], let outcome = partitions[partition]?.takeOutcome() else {
                continue
            }
            metrics.note(outcome)
            let isDue = due.contains(partition)
            let involved = Set(outcome.alerts.map(\.key.deviceID))
            guard let state = partitions[partition] else { continue }
            let devices = state.devicesToStore(involved, isCountDue: isCountDue, isDue: isDue)
            checkpoint.position = state.position
            if isDue { checkpoint.statePosition = state.position }
            guard checkpoint != checkpoints[partition] || !devices.isEmpty else { continue }
            turn.checkpoints[partition] = checkpoint
            turn.alerts += outcome.alerts
            turn.devices += devices
            stored[partition] = devices.map(\.id)
        }
        guard !turn.checkpoints.isEmpty else { return }
        let steps = try await commit(turn)
        metrics.stored.increment(by: turn.devices.count)
        for (partition, ids) in stored {
            partitions[partition]?.hasStored(ids)
            if due.contains(partition) { partitions[partition]?.forgetSilent() }
        }
        checkpoints.merge(turn.checkpoints) { $1 }
        await keeper.advanced(to: turn.checkpoints)
        await announcer.announce(steps)
    }

    /// - Throws: As ``storeTurn()``; then memory is empty.
    private func commit(_ turn: EvaluationTurn) async throws -> [AlertStep] {
        do {
            return try await store.store(turn)
        } catch {
            if error is PartitionLost { await keeper.lost(turn.checkpoints.keys) }
            forget()
            throw error
        }
    }
}
