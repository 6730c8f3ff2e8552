import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// The buckets of all series of numbers and booleans that the filter lets through, by device and sensor type.
    ///
    /// - Throws: ``AggregationFailure``, ``UnknownTimeZone``, ``UnitMismatch``, `PostgresError`.
    func aggregation(
        _ filter: SeriesFilter, _ request: AggregationRequest, organization: UUID
    ) async throws -> Aggregation {
        let grid = BucketGrid(interval: request.interval, zone: request.zone)
        return try await reads.transaction(for: organization) { transaction in
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
            let coarsest = request.percentiles.isEmpty ? ReadingSource.coarsest(within: times) : .rows
            let stretches = try await stretches(of: request.range, upTo: coarsest, transaction)
            let (buckets, source) = try await buckets(
                of: series.map(\.id), grid, request, stretches, transaction)
            return Aggregation(
                request: request, resolution: source,
                series: try series.map { id, label in try request.series(label, of: buckets[id] ?? [], at: times) })
        }
    }

    /// When the buckets begin; one more than are answered where there are more.
    private func times(
        of grid: BucketGrid, _ request: AggregationRequest, _ transaction: Transaction
    ) async throws -> [Timestamp] {
        try await inZone {
            try await transaction.query(
                "\(grid.starts(in: request.range)) LIMIT \(AggregationRequest.maximumBuckets + 1)"
            ).map { try $0.decode(at: 0) }
        }
    }

    /// The buckets that have readings, by their series' ids, each in order; and the coarsest source that had some of them.
    private func buckets(
        of series: [Int64], _ grid: BucketGrid, _ request: AggregationRequest, _ stretches: [SourcedStretch],
        _ transaction: Transaction
    ) async throws -> (buckets: [Int64: [AggregateBucket]], source: ReadingSource) {
        let hasEnds = request.functions.contains(.first) || request.functions.contains(.last)
        let rows = try await transaction.query(
            """
            SELECT s.id, b.start, \(RollupColumns.summary("b.moments", "b.minimum", "b.maximum")), b.percentiles,
                b.first, b.last, b.source
            FROM readings.series AS s
            CROSS JOIN LATERAL (
                \(stretches.buckets(percentiles: request.percentiles, hasEnds: hasEnds) { grid.start(of: $0) })) AS b
            WHERE s.id = ANY(\(series))
            ORDER BY 1, 2
            """)
        var buckets: [Int64: [AggregateBucket]] = [:]
        var source = ReadingSource.rows
        for row in rows {
            buckets[try row.decode(at: 0), default: []].append(
                try AggregateBucket(row, from: 1, percentiles: request.percentiles))
            source = max(source, try ReadingSource(row, at: 11))
        }
        return (buckets, source)
    }
}

/// Why there is no aggregation.
enum AggregationFailure: ProblemConvertible {
    case tooManyBuckets(TimeRange, series: Int)

    var problem: Problem {
        switch self {
        case .tooManyBuckets(let range, let series):
            let most = AggregationRequest.maximumBuckets
            let shortest = BucketInterval.shortest(cutting: range.end.since(range.start), into: most / series)
            let hint = shortest.map { "\($0) fits" } ?? "ask for fewer series or a shorter range"
            return .invalid("interval", "must make at most \(most) buckets over all of the series: \(hint)")
        }
    }
}

extension AggregateBucket {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row, from column: Int, percentiles asked: [Percentile]) throws {
        time = try row.decode(at: column)
        summary = try Summary(row, from: column + 1)
        let values = try row.decode([Double]?.self, at: column + 7) ?? []
        percentiles = Dictionary(
            zip(asked.compactMap { AggregateFunction(rawValue: $0.rawValue) }, values)
        ) { $1 }.compactMapValues(\.finite)
        (first, last) = (try row.decode(at: column + 8), try row.decode(at: column + 9))
    }
}
