import Postgres

/// What numbers come to, as SQL computes it: from readings, or from what was kept of shorter stretches of time.
///
/// The same in `readings.rollup_1m`, `rollup_1h` and `rollup_1d`: `moments` (the state of `float8_accum`: how many numbers
/// there are, their sum, and the sum of the squares of their differences from the mean), `minimum`, `maximum`, `first` and
/// `last`. Where a number is too large to be added up, the count is right, and both sums are NaN.
enum RollupColumns {
    /// A number as what adds up numbers is to take it.
    ///
    /// Where a result is beyond what a double holds, or so near to 0 that it holds nothing of it, PostgreSQL fails the
    /// statement, and with it all other series. Squares of what is left here, of as many numbers as there may be and in any
    /// unit, are within. NaN, which stands for what is too large, fails nothing and makes every sum NaN that it is part of.
    static func summable(_ value: SQL) -> SQL {
        """
        CASE WHEN abs(\(value)) > 1e120 THEN 'NaN'::float8 WHEN abs(\(value)) < 1e-120 THEN 0 ELSE \(value) END
        """
    }

    /// A sum, or what is made of one; NULL where it cannot be known.
    static func known(_ sum: SQL) -> SQL { "nullif(\(sum), 'NaN'::float8)" }

    /// Of the readings `AS r` of a group.
    static let momentsOfReadings: SQL = "readings.moments(\(summable("r.value")))"

    /// Of the readings `AS r` of a group.
    static let ofReadings: SQL = """
        \(momentsOfReadings) AS moments, min(r.value) AS minimum, max(r.value) AS maximum,
        (\(earliest("r.time", "r.value")))[2] AS first, (\(latest("r.time", "r.value")))[2] AS last
        """

    /// Of the buckets `AS b` of a group.
    static let ofBuckets: SQL = """
        readings.combined(b.moments) AS moments, min(b.minimum) AS minimum, max(b.maximum) AS maximum,
        (\(earliest("b.time", "b.first")))[2] AS first, (\(latest("b.time", "b.last")))[2] AS last
        """

    /// The value at the first time, as `{seconds since 1970, value}`: an array's order is that of its first elements that
    /// differ.
    private static func earliest(_ time: SQL, _ value: SQL) -> SQL { "min(\(pair(time, value)))" }

    private static func latest(_ time: SQL, _ value: SQL) -> SQL { "max(\(pair(time, value)))" }

    /// What `min` and `max` order by time.
    static func pair(_ time: SQL, _ value: SQL) -> SQL { "ARRAY[extract(epoch FROM \(time))::float8, \(value)]" }

    /// How many numbers there are, and their mean; NULL where it cannot be known.
    static func countAndMean(_ moments: SQL) -> SQL {
        "coalesce((\(moments))[1], 0)::bigint, \(known("(\(moments))[2] / nullif((\(moments))[1], 0)"))"
    }

    /// The columns of a ``Summary``, of columns `moments`, `minimum` and `maximum`.
    static func summary(_ moments: SQL, _ minimum: SQL, _ maximum: SQL) -> SQL {
        """
        \(countAndMean(moments)), CASE WHEN (\(moments))[1] > 0 THEN \(known("(\(moments))[2]")) END,
        \(minimum), \(maximum),
        CASE WHEN (\(moments))[1] > 1 THEN \(known("(\(moments))[3]")) / ((\(moments))[1] - 1) END
        """
    }
}
