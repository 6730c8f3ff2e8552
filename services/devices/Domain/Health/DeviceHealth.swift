import Postgres

/// How well a device does, as what is known of it at one time tells.
struct DeviceHealth: Sendable, Hashable {
    /// Something that is not as it should be.
    struct Reason: Sendable, Hashable, Encodable {
        enum Code: String, Sendable, Encodable, CaseIterable {
            case neverSeen = "never_seen"
            case offline
            case missedReports = "missed_reports"
            case reportedError = "reported_error"
            case batteryLow = "battery_low"
            case batteryEmptying = "battery_emptying"
            case signalWeak = "signal_weak"
            case errorLogs = "error_logs"
            case configUnapplied = "config_unapplied"
            case commandsFailed = "commands_failed"
        }

        let code: Code
        /// What it takes from the score.
        let points: Int
        /// What is wrong, in words.
        let detail: String
    }

    let facts: DeviceFacts
    /// When it was judged.
    let time: Timestamp
    /// The worst first.
    let reasons: [Reason]

    init(_ facts: DeviceFacts, at time: Timestamp) {
        self.facts = facts
        self.time = time
        let judge = HealthJudge(facts: facts, time: time)
        reasons = judge.reasons.enumerated().sorted { ($1.element.points, $0.offset) < ($0.element.points, $1.offset) }
            .map(\.element)
    }

    /// From 100, at which nothing is wrong, down to 0.
    var score: Int { max(0, 100 - reasons.reduce(0) { $0 + $1.points }) }

    /// How many reports in a row are missing; none of a device that is out of service, or was never heard from.
    var missedReports: Int { HealthJudge(facts: facts, time: time).missedReports }

    /// Percent of the last so many hours in which the device was there.
    func availability(hours: Int) -> Double? {
        Availability.percent(of: facts.history, from: time.adding(.seconds(-3600 * hours)), to: time)
    }
}
