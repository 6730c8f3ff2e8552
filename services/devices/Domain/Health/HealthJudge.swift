import Postgres

/// What there is to find fault with in a device's facts, and how much each weighs.
struct HealthJudge: Sendable {
    private typealias Reason = DeviceHealth.Reason

    /// Of signs of life, which are gathered for ten seconds before they are written.
    private static let delay = Duration.seconds(15)

    let facts: DeviceFacts
    let time: Timestamp

    var reasons: [DeviceHealth.Reason] {
        [silence, reportedError, batteryLow, batteryEmptying, signal, logs, config, commands].compactMap(\.self)
    }

    /// As ``DeviceHealth/missedReports``.
    var missedReports: Int {
        guard !facts.status.isOutOfService, let silentFor else { return 0 }
        return Int(max(.zero, silentFor - Self.delay) / .seconds(facts.readingInterval))
    }

    private var silentFor: Duration? { facts.lastSeen.map { max(.zero, time.since($0)) } }

    // MARK: Whether it is there

    private var silence: Reason? {
        guard !facts.status.isOutOfService else { return nil }
        guard let silentFor else {
            return Reason(code: .neverSeen, points: 100, detail: "The device was never heard from.")
        }
        // As ``StatusStore/markSilent(_:)`` has it, which may come a little later.
        let isSilent = silentFor >= .seconds(max(60, 3 * facts.readingInterval))
        if facts.status == .offline || isSilent {
            let isLong = silentFor >= .seconds(86_400)
            return Reason(
                code: .offline, points: isLong ? 80 : 50,
                detail: isLong ? "The device has been away for a day or more." : "The device is offline.")
        }
        guard missedReports >= 2 else { return nil }
        return Reason(
            code: .missedReports, points: 10, detail: "The last \(missedReports) reports did not come.")
    }

    private var reportedError: Reason? {
        guard facts.status == .error else { return nil }
        return Reason(code: .reportedError, points: 40, detail: "The device says that something is wrong with it.")
    }

    // MARK: Battery and signal

    private var batteryLow: Reason? {
        guard let level = facts.batteryLevel, level < 20 else { return nil }
        return Reason(
            code: .batteryLow, points: level < 10 ? 25 : 10, detail: "The battery is at \(Int(level)) percent.")
    }

    private var batteryEmptying: Reason? {
        guard let level = facts.batteryLevel,
            let hours = BatteryTrend(facts.batterySamples)?.hoursLeft(at: level), hours < 72
        else { return nil }
        return Reason(
            code: .batteryEmptying, points: hours < 24 ? 20 : 10,
            detail: "The battery will be empty in about \(Int(hours.rounded(.up))) hours.")
    }

    private var signal: Reason? {
        guard let strength = facts.wifiSignalStrength, strength < -80 else { return nil }
        return Reason(
            code: .signalWeak, points: strength < -90 ? 20 : 10, detail: "The signal is at \(strength) dBm.")
    }

    // MARK: What it does

    private var logs: Reason? {
        guard facts.errorLogs + facts.criticalLogs > 0 else { return nil }
        let points = facts.criticalLogs > 0 ? 25 : facts.errorLogs >= 10 ? 15 : 5
        return Reason(
            code: .errorLogs, points: points,
            detail:
                "In the last 24 hours it logged \(facts.criticalLogs) critical entries and \(facts.errorLogs) errors.")
    }

    /// The first version is mostly an empty one, which a device need not look for; and it may take an hour.
    private var config: Reason? {
        guard facts.configVersion > 1 || facts.hasSettings, facts.appliedConfigVersion != facts.configVersion,
            time.since(facts.configuredAt) >= .seconds(3600)
        else { return nil }
        return Reason(
            code: .configUnapplied, points: 10,
            detail: "The device does not work with version \(facts.configVersion) of its configuration.")
    }

    private var commands: Reason? {
        guard facts.failedCommands > 0 else { return nil }
        return Reason(
            code: .commandsFailed, points: facts.failedCommands >= 3 ? 15 : 5,
            detail: "In the last 24 hours \(facts.failedCommands) commands failed or expired.")
    }
}
