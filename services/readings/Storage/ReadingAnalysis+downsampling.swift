import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// So many readings are looked at, at most, to choose among them.
    static let maximumCandidates = 200_000

    /// The readings of a series of numbers that stand for all of a range in a chart, at most `count` of them; as
    /// ``LargestTriangle`` chooses.
    ///
    /// - Parameter filter: Lets one series through, or none, of which there are no readings.
    /// - Throws: ``DownsamplingFailure``, `PostgresError`.
    func downsampled(
        _ filter: SeriesFilter, _ range: TimeRange, to count: Int, _ order: HTTPKit.SortOrder, organization: UUID
    ) async throws -> [ReadingView] {
        try await reads.transaction(for: organization) { transaction in
            let found = try await transaction.query(
                "SELECT s.id, s.kind FROM readings.series AS s WHERE \(filter.conditions(organization)) LIMIT 2"
            ).map { try $0.decode(Int64.self, Int16.self) }
            guard found.count < 2 else { throw DownsamplingFailure.severalSeries }
            guard let (series, kind) = found.first else { return [] }
            guard kind == ValueKind.number.rawValue else { throw DownsamplingFailure.notNumbers }
            let ofRange: SQL = "s.id = \(series) AND r.time >= \(range.start) AND r.time < \(range.end)"
            let points = try await transaction.query(
                """
                SELECT r.time, r.value FROM readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id
                WHERE \(ofRange) ORDER BY r.time LIMIT \(Self.maximumCandidates + 1)
                """
            ).map { LargestTriangle.Point(time: try $0.decode(at: 0), value: try $0.decode(at: 1)) }
            guard points.count <= Self.maximumCandidates else { throw DownsamplingFailure.tooManyReadings }
            let times = LargestTriangle.choose(count, of: points).map(\.time)
            return try await transaction.query(
                """
                SELECT \(ReadingQueries.columns)
                FROM readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id
                WHERE \(ofRange) AND r.time = ANY(\(times))
                ORDER BY r.time \(order.keyword)
                """
            ).map { try ReadingView($0, from: 0) }
        }
    }
}

/// Why readings cannot be chosen for a chart.
enum DownsamplingFailure: ProblemConvertible {
    case severalSeries
    case notNumbers
    case tooManyReadings

    var problem: Problem {
        switch self {
        case .severalSeries: .invalid("points", "must be of one device and one sensor_type")
        case .notNumbers: .invalid("points", "must be of a sensor whose values are numbers")
        case .tooManyReadings:
            .invalid("points", "must be chosen among at most \(ReadingAnalysis.maximumCandidates) readings")
        }
    }
}
