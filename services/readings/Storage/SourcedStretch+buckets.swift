import Postgres

extension [SourcedStretch] {
    /// A query of what the readings of a series `AS s` come to, in buckets: the columns `start`, `moments`, `minimum`,
    /// `maximum`, `first`, `last`, `percentiles` and `source`, the coarsest of which something came.
    ///
    /// - Parameters:
    ///   - percentiles: Which are computed as well; only where all is from rows, since parts' cannot be combined.
    ///   - hasEnds: Whether the first and the last value are; NULL else.
    ///   - start: When the bucket of a time begins.
    func buckets(percentiles: [Percentile], hasEnds: Bool, startingAt start: (SQL) -> SQL) -> SQL {
        let parts = flatMap { $0.parts(percentiles, hasEnds, start) }
        return """
            SELECT start, readings.combined(moments) AS moments, min(minimum) AS minimum, max(maximum) AS maximum,
                (min(earliest))[2] AS first, (max(latest))[2] AS last, max(percentiles) AS percentiles,
                max(source) AS source
            FROM (\(parts.joined(separator: " UNION ALL "))) AS part GROUP BY start
            """
    }
}

extension SourcedStretch {
    fileprivate func parts(_ percentiles: [Percentile], _ hasEnds: Bool, _ start: (SQL) -> SQL) -> [SQL] {
        switch source {
        case .rows: [sums(of: "readings.readings AS r WHERE \(isIn("r"))", percentiles, hasEnds, start)]
        case .minutes:
            [
                buckets("readings.rollup_1m", hasEnds, start),
                sums(of: "\(readingsWithoutMinutes) AS r", percentiles, hasEnds, start),
            ]
        case .hours: [buckets("readings.rollup_1h", hasEnds, start)]
        case .days: [buckets("readings.rollup_1d", hasEnds, start)]
        }
    }

    /// What is there already.
    private func buckets(_ table: SQL, _ hasEnds: Bool, _ start: (SQL) -> SQL) -> SQL {
        func end(_ value: SQL) -> SQL { hasEnds ? RollupColumns.pair("b.time", value) : "NULL::float8[]" }
        return """
            SELECT \(start("b.time")) AS start, b.moments, b.minimum, b.maximum, \(end("b.first")) AS earliest,
                \(end("b.last")) AS latest, NULL::float8[] AS percentiles, \(source.rawValue) AS source
            FROM \(table) AS b WHERE \(isIn("b"))
            """
    }

    /// What readings `AS r` come to.
    private func sums(
        of readings: SQL, _ percentiles: [Percentile], _ hasEnds: Bool, _ start: (SQL) -> SQL
    ) -> SQL {
        let pair = RollupColumns.pair("r.time", "r.value")
        let none: SQL = "NULL::float8[]"
        let (earliest, latest): (SQL, SQL) = hasEnds ? ("min(\(pair))", "max(\(pair))") : (none, none)
        return """
            SELECT \(start("r.time")) AS start, \(RollupColumns.momentsOfReadings) AS moments, min(r.value) AS minimum,
                max(r.value) AS maximum, \(earliest) AS earliest, \(latest) AS latest,
                \(ReadingAnalysis.percentiles(percentiles)) AS percentiles, \(ReadingSource.rows.rawValue) AS source
            FROM \(readings) GROUP BY 1
            """
    }

    private func isIn(_ table: SQL) -> SQL {
        "\(table).series_id = s.id AND \(table).time >= \(range.start) AND \(table).time < \(range.end)"
    }

    /// Those of hours that have too few to have minutes. `OFFSET 0` makes it an hour after the other, by their key.
    private var readingsWithoutMinutes: SQL {
        """
        (SELECT r.time, r.value FROM readings.rollup_1h AS h
            CROSS JOIN LATERAL (
                SELECT time, value FROM readings.readings
                WHERE series_id = s.id AND time >= greatest(h.time, \(range.start))
                    AND time < least(h.time + interval '1 hour', \(range.end))
                OFFSET 0) AS r
            WHERE h.series_id = s.id AND h.time >= \(ReadingSource.hours.floor(range.start)) AND h.time < \(range.end)
                AND h.moments[1] < \(RollupStore.leastForMinutes))
        """
    }
}

extension ReadingSource {
    /// - Throws: `DecodingFailure`.
    init(_ row: Row, at column: Int) throws {
        self = ReadingSource(rawValue: try row.decode(at: column)) ?? .rows
    }
}
