import EventBus
import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis

/// How far a partition has been evaluated, and the number under which its holder may write that.
struct Checkpoint: Sendable, Hashable {
    /// Up to here everything that came of the stream is stored, but for the states of some devices.
    var position: StreamID
    /// Up to here all states are stored, too.
    var statePosition: StreamID
    let epoch: Int
}

/// Another instance holds the partition by now.
struct PartitionLost: Error {}

/// What alerts stand is not what evaluation went by: somebody has ended one or opened it again meanwhile.
struct StandingChanged: Error {}

/// What is stored of a turn.
struct EvaluationTurn: Sendable {
    /// Where the partitions stand with it.
    var checkpoints: [Int: Checkpoint]
    var alerts: [AlertChange] = []
    /// The devices whose states are stored as they are at their partitions' positions.
    var devices: [DeviceState] = []

    /// The organizations in which alerts have begun.
    var begunIn: Set<UUID> {
        Set(alerts.compactMap { if case .begun(let alert, _) = $0 { alert.organizationID } else { nil } })
    }

    /// What is stored of each partition, as a turn of its own.
    var parts: [EvaluationTurn] {
        checkpoints.map { partition, checkpoint in
            EvaluationTurn(
                checkpoints: [partition: checkpoint],
                alerts: alerts.filter { StreamName.telemetryPartition(of: $0.key.deviceID) == partition },
                devices: devices.filter { $0.partition == partition })
        }
    }
}

/// Where evaluation stands: checkpoints, states and alerts, written in one transaction a turn.
struct EvaluationStore: Sendable {
    let database: PostgresClient
    let outbox: Outbox
    let logger: Logger

    /// Makes this instance the one that may write the checkpoints of the partitions, and returns them.
    func claim(_ partitions: [Int]) async throws -> [Int: Checkpoint] {
        let rows = try await database.query(
            """
            INSERT INTO alerts.checkpoints (partition)
            SELECT partition FROM unnest(\(partitions.map(Int32.init))) AS partition ORDER BY partition
            ON CONFLICT (partition) DO UPDATE SET epoch = checkpoints.epoch + 1, updated_at = now()
            RETURNING partition, epoch, position, state_position
            """, as: .platform)
        let checkpoints = try rows.map { row in
            let (partition, epoch, position) = try row.decode(Int32.self, Int.self, String.self)
            return (
                Int(partition),
                Checkpoint(
                    position: StreamID(position) ?? .zero,
                    statePosition: StreamID(try row.decode(String.self, at: 3)) ?? .zero, epoch: epoch)
            )
        }
        return Dictionary(uniqueKeysWithValues: checkpoints)
    }

    /// Stores a turn: all of it or, when this throws, nothing.
    ///
    /// - Parameter patience: How long each lock is waited for that others hold.
    /// - Returns: The steps of alerts, to be announced.
    /// - Throws: ``PartitionLost``, ``StandingChanged``, `PostgresError`.
    func store(_ turn: EvaluationTurn, waitingForLocks patience: Duration) async throws -> [AlertStep] {
        try await database.withRepeatableTransaction(as: .platform) { transaction in
            try await advance(turn.checkpoints, waitingForLocks: patience, transaction)
            var (steps, statements) = try await apply(turn, transaction)
            if !turn.devices.isEmpty { statements += try self.statements(storing: turn.devices, turn.checkpoints) }
            for step in steps { statements += try step.statements(outbox) }
            if !statements.isEmpty { try await transaction.batch(statements) }
            return steps
        }
    }

    /// Stores how far the partitions have come; first in its transaction, so that no other holder works meanwhile.
    ///
    /// - Throws: ``PartitionLost`` when one of them is another's by now; then nothing may be committed.
    private func advance(
        _ checkpoints: [Int: Checkpoint], waitingForLocks patience: Duration, _ transaction: Transaction
    ) async throws {
        let ordered = checkpoints.sorted { $0.key < $1.key }
        let limit = "\(Int(patience / .milliseconds(1)))ms"
        let results = try await transaction.batch([
            "SELECT set_config('lock_timeout', \(limit), true)",
            """
            UPDATE alerts.checkpoints SET
                position = moved.position, state_position = moved.state_position, updated_at = now()
            FROM unnest(
                \(ordered.map { Int32($0.key) }), \(ordered.map(\.value.epoch)),
                \(ordered.map(\.value.position.description)), \(ordered.map(\.value.statePosition.description)))
                AS moved (partition, epoch, position, state_position)
            WHERE checkpoints.partition = moved.partition AND checkpoints.epoch = moved.epoch
            """,
        ])
        guard results.last?.affectedRows == checkpoints.count else { throw PartitionLost() }
    }
}

extension Alert {
    /// What the alert is about.
    var key: RuleKey { RuleKey(ruleID: ruleID, deviceID: deviceID, sensorType: sensorType) }
}
