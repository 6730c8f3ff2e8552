import FoundationEssentials
import HTTPKit
import Postgres

/// What the alerts of a stretch of time, those that began in it, amount to.
struct AlertStatistics: Sendable {
    /// How long something took, in seconds.
    struct Durations: Sendable, Hashable {
        /// Of how many alerts.
        let count: Int
        /// Nil of none.
        let mean: Double?
        let median: Double?
    }

    struct Day: Sendable, Hashable {
        /// In the zone: `2026-11-23`.
        let date: String
        let count: Int
    }

    /// The alerts of one rule or device.
    struct Group: Sendable, Hashable {
        let id: UUID
        /// As the newest of them has it.
        let name: String?
        let count: Int
        let dismissedCount: Int
    }

    /// At most so many rules, and so many devices, are told apart: those with most alerts.
    static let mostGroups = 100
    static let noisiest = 10
    /// How long the stretch of time may be.
    static let longest = Duration.seconds(366 * 86_400)

    let counts: [(severity: Severity, status: AlertStatus, count: Int)]
    /// From the beginning to the acknowledgement.
    let acknowledging: Durations
    /// From the beginning to the resolution, by hand or by itself; what was dismissed is not counted.
    let resolving: Durations
    /// Every day, in order.
    let days: [Day]
    /// Most alerts first.
    let rules: [Group]
    let devices: [Group]

    var total: Int { counts.reduce(0) { $0 + $1.count } }
    var dismissedCount: Int { counts.filter { $0.status == .dismissed }.reduce(0) { $0 + $1.count } }
}
