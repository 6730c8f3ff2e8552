import HTTPKit
import Kernel
import Postgres

/// Statistics of alerts as they are answered.
struct AlertStatisticsDocument: Encodable {
    struct Durations: Encodable {
        let count: Int
        let meanSeconds: Double?
        let medianSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case count
            case meanSeconds = "mean_s"
            case medianSeconds = "median_s"
        }
    }

    struct Day: Encodable {
        let date: String
        let count: Int
    }

    struct Rule: Encodable {
        let ruleID: String
        let ruleName: String?
        let count: Int
        let dismissedShare: Double?

        enum CodingKeys: String, CodingKey {
            case count
            case ruleID = "rule_id"
            case ruleName = "rule_name"
            case dismissedShare = "dismissed_share"
        }
    }

    struct Device: Encodable {
        let deviceID: String
        let deviceName: String?
        let count: Int

        enum CodingKeys: String, CodingKey {
            case count
            case deviceID = "device_id"
            case deviceName = "device_name"
        }
    }

    let from: Timestamp
    let to: Timestamp
    let timeZone: String
    let counts: AlertStatsDocument
    /// Of all alerts; nil where there are none.
    let dismissedShare: Double?
    let timeToAcknowledge: Durations
    let timeToResolve: Durations
    let byDay: [Day]
    let byRule: [Rule]
    let byDevice: [Device]
    let noisiestRules: [Rule]

    enum CodingKeys: String, CodingKey {
        case from, to
        case timeZone = "tz"
        case dismissedShare = "dismissed_share"
        case timeToAcknowledge = "time_to_acknowledge"
        case timeToResolve = "time_to_resolve"
        case byDay = "by_day"
        case byRule = "by_rule"
        case byDevice = "by_device"
        case noisiestRules = "noisiest_rules"
    }

    init(_ statistics: AlertStatistics, _ range: TimeRange, _ zone: TimeZoneName) {
        (from, to, timeZone) = (range.start, range.end, zone.description)
        counts = AlertStatsDocument(statistics.counts)
        dismissedShare = Self.share(statistics.dismissedCount, of: statistics.total)
        timeToAcknowledge = Durations(statistics.acknowledging)
        timeToResolve = Durations(statistics.resolving)
        byDay = statistics.days.map { Day(date: $0.date, count: $0.count) }
        byRule = statistics.rules.map { group in
            Rule(
                ruleID: group.id.text, ruleName: group.name, count: group.count,
                dismissedShare: Self.share(group.dismissedCount, of: group.count))
        }
        byDevice = statistics.devices.map { Device(deviceID: $0.id.text, deviceName: $0.name, count: $0.count) }
        noisiestRules = Array(byRule.prefix(AlertStatistics.noisiest))
    }

    private static func share(_ part: Int, of whole: Int) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }

    func encode(to encoder: any Encoder) throws {
        try counts.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(from, forKey: .from)
        try container.encode(to, forKey: .to)
        try container.encode(timeZone, forKey: .timeZone)
        try container.encode(dismissedShare, forKey: .dismissedShare)
        try container.encode(timeToAcknowledge, forKey: .timeToAcknowledge)
        try container.encode(timeToResolve, forKey: .timeToResolve)
        try container.encode(byDay, forKey: .byDay)
        try container.encode(byRule, forKey: .byRule)
        try container.encode(byDevice, forKey: .byDevice)
        try container.encode(noisiestRules, forKey: .noisiestRules)
    }
}

extension AlertStatisticsDocument.Durations {
    fileprivate init(_ durations: AlertStatistics.Durations) {
        self.init(count: durations.count, meanSeconds: durations.mean, medianSeconds: durations.median)
    }
}
