import FoundationEssentials
import Postgres

/// An alert that a rule would have raised.
struct Firing: Sendable, Hashable {
    let deviceID: UUID
    let triggeredAt: Timestamp
    /// Nil while it would still be open.
    var resolvedAt: Timestamp?
    let value: Double
    let message: String
}

/// What a rule would have made of a device's past readings, had each been evaluated as it was measured.
struct RuleReplay: Sendable {
    let deviceID: UUID
    private let rule: Rule
    private var state = RuleState()
    private(set) var firings: [Firing] = []

    init(_ rule: Rule, at device: UUID) {
        deviceID = device
        self.rule = rule.resolved(for: device)
    }

    /// Takes the next reading of the device, of any of its sensors.
    mutating func take(_ reading: Reading, of sensor: String) {
        passTime { $0 < reading.time }
        note(state.take(.reading(reading, sensor: sensor), of: rule, at: reading.time), at: reading.time)
    }

    /// Ends at a time behind all readings.
    mutating func finish(at end: Timestamp) {
        passTime { $0 <= end }
    }

    private mutating func passTime(_ isDue: (Timestamp) -> Bool) {
        guard let deadline = state.deadline(of: rule), isDue(deadline) else { return }
        note(state.take(.tick, of: rule, at: deadline), at: deadline)
    }

    private mutating func note(_ action: RuleAction?, at time: Timestamp) {
        switch action {
        case .trigger(let finding):
            firings.append(
                Firing(
                    deviceID: deviceID, triggeredAt: finding.reading.time, value: finding.reading.value,
                    message: finding.message))
        case .resolve: firings[firings.count - 1].resolvedAt = time
        case .count, nil: break
        }
    }
}
