import EventBus
import FoundationEssentials
import Kernel
import Logging
import Metrics
import Postgres
import Redis

/// Evaluates what was read from the partitions: all of it in one transaction, together with the new positions.
struct BatchEvaluator: Sendable {
    private let store: EvaluationStore
    private let announcer: AlertAnnouncer
    private let logger: Logger
    private let cache: RuleCache
    private let evaluated = Counter(label: "lms_alerts_readings_evaluated")
    private let unreadable = Counter(label: "lms_alerts_batches_unreadable")

    init(store: EvaluationStore, rules: RuleCache, announcer: AlertAnnouncer, logger: Logger) {
        self.store = store
        self.announcer = announcer
        self.logger = logger
        cache = rules
    }

    /// Evaluates entries, each partition's in its order, and stores that they have been.
    ///
    /// - Parameter checkpoints: Where the partitions stand with these entries behind them.
    /// - Throws: ``PartitionLost``, `PostgresError`, `RedisError`; then nothing was stored.
    func evaluate(_ entries: [StreamEntry], then checkpoints: [Int: Checkpoint]) async throws {
        let batches = entries.compactMap(decode)
        let indexes = try await cache.indexes(of: Set(batches.flatMap(\.organizations)))
        let readings = readings(of: batches, indexes)
        let changes = try await store.database.withTransaction(as: .platform) { transaction in
            try await store.advance(checkpoints, transaction)
            return try await evaluate(readings, indexes, transaction)
        }
        evaluated.increment(by: readings.values.reduce(0) { $0 + $1.count })
        await announcer.announce(changes.steps)
    }

    /// An entry that cannot be read is left out: it would not get better.
    private func decode(_ entry: StreamEntry) -> TelemetryEntry? {
        do {
            return try entry.telemetry
        } catch {
            unreadable.increment()
            logger.error("a batch cannot be read", metadata: ["entry": "\(entry.id)", "error": "\(error)"])
            return nil
        }
    }

    /// The readings that a rule may be for.
    private func readings(of batches: [TelemetryEntry], _ indexes: [UUID: RuleIndex]) -> [SensorKey: [Reading]] {
        var readings: [SensorKey: [Reading]] = [:]
        for batch in batches {
            let wanted = batch.readings { sensor in
                indexes[sensor.organizationID]?.mayApply(to: sensor.sensorType, of: sensor.deviceID) ?? false
            }
            readings.merge(wanted) { $0 + $1 }
        }
        return readings
    }

    private func evaluate(
        _ readings: [SensorKey: [Reading]], _ indexes: [UUID: RuleIndex], _ transaction: Transaction
    ) async throws -> EvaluationChanges {
        guard !readings.isEmpty else { return EvaluationChanges() }
        let devices = try await store.attributes(of: Array(Set(readings.keys.map(\.deviceID))), transaction)
        var candidates: [RuleKey: Candidate] = [:]
        for sensor in readings.keys {
            let rules = indexes[sensor.organizationID]?.rules(
                for: sensor.sensorType, of: sensor.deviceID, devices[sensor.deviceID])
            for rule in rules ?? [] {
                let key = RuleKey(
                    ruleID: rule.id, deviceID: sensor.deviceID, sensorType: rule.definition.sensorType)
                candidates[key, default: Candidate(rule: rule)].sensors.append(sensor)
            }
        }
        guard !candidates.isEmpty else { return EvaluationChanges() }
        let standing = try await store.standing(Array(candidates.keys), transaction)
        var evaluation = Evaluation(states: standing.states, openAlerts: standing.openAlerts, now: .now)
        for (key, candidate) in candidates where standing.rules.contains(key.ruleID) {
            evaluation.evaluate(
                candidate.observations(in: readings), by: candidate.rule, at: key.deviceID,
                named: devices[key.deviceID]?.name)
        }
        try await store.store(evaluation.changes, transaction)
        return evaluation.changes
    }
}

/// A rule, and the sensors of a device whose readings it is to take.
private struct Candidate {
    let rule: Rule
    var sensors: [SensorKey] = []

    /// Those of several sensors in one order of time.
    func observations(in readings: [SensorKey: [Reading]]) -> [Observation] {
        let found = sensors.flatMap { sensor in
            (readings[sensor] ?? []).map { (reading: $0, sensor: sensor.sensorType) }
        }
        let ordered = sensors.count == 1 ? found : found.sorted { $0.reading.time < $1.reading.time }
        return ordered.map { .reading($0.reading, sensor: $0.sensor) }
    }
}
