import Metrics
import Postgres

/// What evaluation tells of itself.
struct EvaluationMetrics: Sendable {
    let unreadable = Counter(label: "lms_alerts_batches_unreadable")
    let stored = Counter(label: "lms_alerts_states_stored")
    let held = Gauge(label: "lms_alerts_partitions_held")
    private let readings = Counter(label: "lms_alerts_readings_evaluated")
    private let evaluations = Counter(label: "lms_alerts_rules_evaluated")

    func note(_ outcome: EvaluationOutcome) {
        readings.increment(by: outcome.readings)
        evaluations.increment(by: outcome.evaluations)
    }

    /// - Parameter isBehind: Whether there is more in the stream than was read.
    func note(_ state: PartitionState, _ partition: Int, isBehind: Bool) {
        let dimensions = [("partition", "\(partition)")]
        let lag = isBehind ? Timestamp.now.since(Timestamp(entry: state.position)) / .seconds(1) : 0
        Gauge(label: "lms_alerts_partition_lag_seconds", dimensions: dimensions).record(lag)
        Gauge(label: "lms_alerts_timers", dimensions: dimensions).record(state.timerCount)
    }
}
