import HTTPKit
import Kernel

extension PeriodReport {
    /// The columns of a report as CSV.
    static let header =
        [
            "device_id", "sensor_type", "unit", "count", "expected", "coverage_percent", "min", "mean", "max", "stddev",
            "percentile_95", "first_time", "first_value", "last_time", "last_value",
        ] + Quality.allCases.map { "\($0.name)_s" }
}

extension CSVRow {
    init(_ line: PeriodReport.Line) {
        self.init()
        let (series, summary) = (line.statistics.series, line.statistics.summary)
        append(verbatim: series.deviceID.text)
        append(series.sensorType)
        append(series.unit)
        append(verbatim: "\(line.count)")
        append(verbatim: line.expected.map { "\($0)" } ?? "")
        for number in [
            line.coverage, summary.min, summary.mean, summary.max, summary.deviation, line.percentile95,
        ] { append(verbatim: number.map { "\($0)" } ?? "") }
        append(line.statistics.first)
        append(line.statistics.last)
        for quality in Quality.allCases { append(verbatim: "\(line.holding.seconds[quality] ?? 0)") }
    }

    private mutating func append(_ sample: SeriesStatistics.Sample?) {
        append(verbatim: sample?.time.rfc3339 ?? "")
        switch sample?.value {
        case .number(let number)?: append(verbatim: number.finite.map { "\($0)" } ?? "")
        case .boolean(let boolean)?: append(verbatim: "\(boolean)")
        case .text(let text)?: append(text)
        case nil: append(verbatim: "")
        }
    }
}
