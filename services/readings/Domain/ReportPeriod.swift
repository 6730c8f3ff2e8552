import HTTPKit
import Postgres

/// What a report is of: a day, week or month of the calendar.
enum ReportPeriod: String, CaseIterable, Encodable, Sendable {
    case day, week, month

    var interval: BucketInterval {
        switch self {
        case .day: BucketInterval(1, .day)
        case .week: BucketInterval(1, .week)
        case .month: BucketInterval(1, .month)
        }
    }
}

/// The readings of a period, series by series.
struct PeriodReport: Sendable {
    let period: ReportPeriod
    let zone: TimeZoneName
    let range: TimeRange
    /// Up to when there can be readings: the end of the period, or now while it is under way.
    let until: Timestamp

    /// A line of the report.
    struct Line: Sendable {
        let statistics: SeriesStatistics
        let holding: QualityTimes
        /// How many readings would have come up to now; nil where no interval is known.
        let expected: Int?

        init(_ statistics: SeriesStatistics, _ holding: QualityTimes, of report: PeriodReport) {
            (self.statistics, self.holding) = (statistics, holding)
            expected = holding.expectedInterval.map { interval in
                Int(Double(report.until.microseconds - report.range.start.microseconds) / 1e6 / interval)
            }
        }

        /// Text included.
        var count: Int { statistics.summary.count + statistics.textCount }

        /// In parts of a hundred of what was expected; more than a hundred where more came.
        var coverage: Double? { expected.flatMap { $0 == 0 ? nil : 100 * Double(count) / Double($0) } }

        var percentile95: Double? { statistics.percentiles.first { $0.0 == .p95 }?.1 }
    }

    init(period: ReportPeriod, zone: TimeZoneName, range: TimeRange, now: Timestamp) {
        (self.period, self.zone, self.range) = (period, zone, range)
        until = max(range.start, min(range.end, now))
    }
}

/// How long a series was of which quality.
///
/// A reading's quality holds until the next reading, for one and a half of the expected interval at most: beyond that
/// there is a gap, as ``SeriesQuality`` has it.
struct QualityTimes: Sendable {
    /// In seconds: that of the device, or else the median distance of the readings; nil where neither is known.
    let expectedInterval: Double?
    let seconds: [Quality: Double]
}
