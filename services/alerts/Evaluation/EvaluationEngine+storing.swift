import FoundationEssentials
import Postgres
import ServiceKit

extension EvaluationEngine {
    /// How long the statements that store a turn may take, and wait for what others have locked.
    private struct Patience {
        /// For a partition beside which there is nothing to be stored: nobody waits with it.
        static let alone = Patience(statement: PostgresClient.requestPatience, lock: PostgresClient.requestPatience)
        /// For all partitions together. Who holds a row for long is waited for by the partition alone that needs it.
        static let turn = Patience(statement: PostgresClient.requestPatience, lock: .milliseconds(250))
        /// For one where all together have failed, so that many that hang do not take many times as long. A deadlock is
        /// noticed within it.
        static let part = Patience(statement: .seconds(2), lock: .milliseconds(1_500))

        let statement: Duration
        let lock: Duration
    }

    /// Stores what has come of a turn: where nothing did, the positions alone. A partition that cannot be stored is given
    /// up.
    ///
    /// - Throws: `PostgresError` where nothing can be stored; then memory is empty.
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
        }
        guard !turn.checkpoints.isEmpty else { return }
        do {
            try await commit(turn, within: turn.checkpoints.count > 1 ? .turn : .alone)
        } catch {
            forget()
            throw error
        }
    }

    /// Stores a turn in one transaction, and where that is refused or takes too long each partition in its own.
    private func commit(_ turn: EvaluationTurn, within patience: Patience) async throws {
        do {
            let steps = try await PostgresClient.$patience.withValue(patience.statement) {
                try await store.store(turn, waitingForLocks: patience.lock)
            }
            await hasStored(turn)
            await announcer.announce(steps)
        } catch  where turn.checkpoints.count > 1 && Self.isPartitionsOwn(error) {
            for part in turn.parts { try await commit(part, within: .part) }
        } catch {
            // That may be for a rule of which nobody has told.
            if error is StandingChanged { await cache.forget(turn.begunIn) }
            for partition in turn.checkpoints.keys { try await giveUp(partition, error) }
        }
    }

    private func hasStored(_ turn: EvaluationTurn) async {
        metrics.stored.increment(by: turn.devices.count)
        let devices = Dictionary(grouping: turn.devices, by: \.partition)
        for (partition, checkpoint) in turn.checkpoints {
            partitions[partition]?.hasStored(devices[partition, default: []].map(\.id))
            if checkpoint.statePosition == checkpoint.position { partitions[partition]?.forgetSilent() }
        }
        checkpoints.merge(turn.checkpoints) { $1 }
        await keeper.advanced(to: turn.checkpoints)
    }
}
