import HTTPKit
import Hummingbird

/// A page of a report.
struct ReportPage: ResponseEncodable, Sendable {
    let report: PeriodReport
    let lines: RangeReport<PeriodReport.Line>

    enum CodingKeys: CodingKey {
        case period, tz
    }

    func encode(to encoder: any Encoder) throws {
        try lines.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(report.period, forKey: .period)
        try container.encode(report.zone.description, forKey: .tz)
    }
}

extension PeriodReport.Line: Encodable {
    enum CodingKeys: String, CodingKey {
        case count, expected, min, mean, max, stddev, first, last
        case expectedInterval = "expected_interval_s"
        case coverage = "coverage_percent"
        case percentile95 = "percentile_95"
        case qualitySeconds = "quality_s"
    }

    func encode(to encoder: any Encoder) throws {
        try statistics.series.encode(to: encoder)
        let summary = statistics.summary
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(holding.expectedInterval, forKey: .expectedInterval)
        try container.encode(expected, forKey: .expected)
        try container.encode(coverage, forKey: .coverage)
        try container.encode(summary.min, forKey: .min)
        try container.encode(summary.mean, forKey: .mean)
        try container.encode(summary.max, forKey: .max)
        try container.encode(summary.deviation, forKey: .stddev)
        try container.encode(percentile95, forKey: .percentile95)
        try container.encode(statistics.first, forKey: .first)
        try container.encode(statistics.last, forKey: .last)
        let times = Quality.allCases.map { ($0.name, holding.seconds[$0] ?? 0) }
        try container.encode(Dictionary(uniqueKeysWithValues: times), forKey: .qualitySeconds)
    }
}
