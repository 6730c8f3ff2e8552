import Postgres

/// What numbers come to, as SQL computes it: from readings, or from what was kept of shorter stretches of time.
///
/// The same in `readings.rollup_1m`, `rollup_1h` and `rollup_1d`: `moments` (the state of `float8_accum`), `minimum`,
/// `maximum`, `first` and `last`.
enum RollupColumns {
    /// Beyond this the squares of differences are beyond what a double holds, and `float8_accum` fails.
    private static let largest: SQL = "1e140::float8"

    /// Of the readings `AS r` of a group. Numbers without a finite variance have moments that are none, so that they fail
    /// whoever asks for them as the readings would, and not the rollups of all others.
    static let ofReadings: SQL = """
        CASE WHEN max(abs(r.value)) > \(largest) THEN '{NaN,NaN,NaN}'
            ELSE readings.moments(r.value) FILTER (WHERE abs(r.value) <= \(largest)) END AS moments,
        min(r.value) AS minimum, max(r.value) AS maximum,
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

    /// The columns of a ``Summary``, of columns `moments`, `minimum` and `maximum`.
    static func summary(_ moments: SQL, _ minimum: SQL, _ maximum: SQL) -> SQL {
        """
        (\(moments))[1]::bigint, CASE WHEN (\(moments))[1] > 0 THEN (\(moments))[2] END,
        (\(moments))[2] / nullif((\(moments))[1], 0), \(minimum), \(maximum),
        CASE WHEN (\(moments))[1] > 1 THEN (\(moments))[3] / ((\(moments))[1] - 1) END
        """
    }
}
