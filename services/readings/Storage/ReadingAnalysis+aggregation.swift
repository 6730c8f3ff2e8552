import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// The buckets of all series of numbers and booleans that the filter lets through, by device and sensor type.
    ///
    /// - Throws: ``AggregationFailure``, `PostgresError`.
    func aggregation(
        _ filter: SeriesFilter, _ request: AggregationRequest, organization: UUID
    ) async throws -> Aggregation {
        let grid = BucketGrid(interval: request.interval, zone: request.zone)
        return try await transaction(for: organization) { transaction in
            let times = try await times(of: grid, request, transaction)
            let series = try await transaction.query(
                """
                SELECT s.id, \(Self.label) FROM readings.series AS s
                WHERE \(filter.conditions(organization)) AND s.kind <> \(ValueKind.text.rawValue)
                ORDER BY s.device_id, s.sensor_type LIMIT \(AggregationRequest.maximumBuckets + 1)
                """
            ).map { (id: try $0.decode(Int64.self, at: 0), label: try SeriesLabel($0, from: 1)) }
            guard times.count * series.count <= AggregationRequest.maximumBuckets else {
                throw AggregationFailure.tooManyBuckets(request.range, series: series.count)
            }
            let points = try await points(of: series.map(\.id), grid, request, transaction)
            return Aggregation(
                request: request, resolution: .rows,
                series: series.map { id, label in
                    Aggregation.Series(
                        label: label,
                        points: request.filling.points(filling: points[id] ?? [], at: times, request.functions))
                })
        }
    }

    /// When the buckets begin; one more than are answered where there are more.
    private func times(
        of grid: BucketGrid, _ request: AggregationRequest, _ transaction: Transaction
    ) async throws -> [Timestamp] {
        do {
            return try await transaction.query(
                "\(grid.starts(in: request.range)) LIMIT \(AggregationRequest.maximumBuckets + 1)"
            ).map { try $0.decode(at: 0) }
        } catch let error as PostgresError where error.sqlState == SQLState(rawValue: "22023") {
            throw AggregationFailure.unknownZone
        }
    }

    /// The buckets that have readings, by their series' ids, each in order.
    private func points(
        of series: [Int64], _ grid: BucketGrid, _ request: AggregationRequest, _ transaction: Transaction
    ) async throws -> [Int64: [AggregatePoint]] {
        let percentiles = request.functions.compactMap(\.percentile)
        let rows = try await transaction.query(
            """
            SELECT s.id, \(grid.start(of: "r.time")) AS start, \(Self.summary), \(Self.percentiles(percentiles)),
                \(Self.ends(request.functions))
            FROM readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id
            WHERE s.id = ANY(\(series)) AND r.time >= \(request.range.start) AND r.time < \(request.range.end)
            GROUP BY 1, 2 ORDER BY 1, 2
            """)
        var points: [Int64: [AggregatePoint]] = [:]
        for row in rows {
            let bucket = try Bucket(row, from: 2, percentiles: percentiles)
            points[try row.decode(at: 0), default: []].append(
                AggregatePoint(time: try row.decode(at: 1), values: request.functions.map(bucket.value)))
        }
        return points
    }

    /// The columns of the first and the last value, where they are asked for. An array's order is that of its first
    /// elements that differ, here the times.
    private static func ends(_ functions: [AggregateFunction]) -> SQL {
        guard functions.contains(.first) || functions.contains(.last) else { return "NULL::float8, NULL::float8" }
        return """
            (min(ARRAY[extract(epoch FROM r.time)::float8, r.value]))[2],
            (max(ARRAY[extract(epoch FROM r.time)::float8, r.value]))[2]
            """
    }
}

/// Why there is no aggregation.
enum AggregationFailure: ProblemConvertible {
    case tooManyBuckets(TimeRange, series: Int)
    case unknownZone

    var problem: Problem {
        switch self {
        case .tooManyBuckets(let range, let series):
            let most = AggregationRequest.maximumBuckets
            let shortest = BucketInterval.shortest(cutting: range.end.since(range.start), into: most / series)
            let hint = shortest.map { "\($0) fits" } ?? "ask for fewer series or a shorter range"
            return .invalid("interval", "must make at most \(most) buckets over all of the series: \(hint)")
        case .unknownZone: return .invalid("timezone", "must be a name of the IANA time zone database")
        }
    }
}

/// What is known of a bucket's numbers.
private struct Bucket {
    let summary: Summary
    let percentiles: [AggregateFunction: Double]
    let first: Double?
    let last: Double?

    /// - Throws: `DecodingFailure`.
    init(_ row: Row, from column: Int, percentiles asked: [Percentile]) throws {
        summary = try Summary(row, from: column)
        let values = try row.decode([Double]?.self, at: column + 6) ?? []
        percentiles = Dictionary(
            zip(asked.compactMap { AggregateFunction(rawValue: $0.rawValue) }, values)
        ) { $1 }
        (first, last) = (try row.decode(at: column + 7), try row.decode(at: column + 8))
    }

    func value(of function: AggregateFunction) -> Double? {
        switch function {
        case .avg: summary.mean
        case .min: summary.min
        case .max: summary.max
        case .sum: summary.sum
        case .count: Double(summary.count)
        case .first: first
        case .last: last
        case .stddev: summary.deviation
        case .p50, .p95, .p99: percentiles[function]
        }
    }
}
