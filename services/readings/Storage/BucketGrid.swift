import HTTPKit
import Postgres

/// How time is cut into buckets, in SQL.
///
/// Intervals up to hours are of fixed length, counted from the midnight with which 2001 began in the zone (so that they
/// begin with its hours where its offset is no whole one). Days, weeks and months are cut on the zone's clock on the
/// wall, and the beginnings turned into instants again: for one day, week or month that is
/// `date_trunc(unit, time, zone)`. Several days and weeks are counted from 2001-01-01, which was a Monday, and several
/// months from the year 0.
struct BucketGrid: Sendable {
    let interval: BucketInterval
    let zone: TimeZoneName

    private var zoneName: SQL { "\(zone.description)" }

    /// When the bucket of `time` begins.
    func start(of time: SQL) -> SQL {
        interval.unit.isFixed ? fixedStart(of: time) : "(\(wallStart(of: time)) AT TIME ZONE \(zoneName))"
    }

    /// A query of the beginnings of all buckets that `range` has a part of, in order, in the column `start`. They are made
    /// as they are read, so that a limit spares the others: a function in FROM would make all of them first.
    func starts(in range: TimeRange) -> SQL {
        let isEmpty: SQL = "\(range.start) >= \(range.end)"
        let last: SQL = "\(range.end) - interval '1 microsecond'"
        guard !interval.unit.isFixed else {
            return """
                SELECT generate_series(\(fixedStart(of: "\(range.start)")), \(last), \(step)) AS start
                WHERE NOT (\(isEmpty))
                """
        }
        return """
            SELECT wall AT TIME ZONE \(zoneName) AS start FROM (
                SELECT generate_series(
                    \(wallStart(of: "\(range.start)")), (\(last)) AT TIME ZONE \(zoneName), \(step)) AS wall
                WHERE NOT (\(isEmpty))) AS walls
            """
    }

    /// A query of the beginning and the end of the bucket that has `time` in it; of days, weeks and months.
    func bounds(of time: Timestamp) -> SQL {
        """
        SELECT start, ((start AT TIME ZONE \(zoneName)) + \(step)) AT TIME ZONE \(zoneName)
        FROM (SELECT \(start(of: "\(time)")) AS start) AS bucket
        """
    }

    private func fixedStart(of time: SQL) -> SQL {
        "date_bin(\(step), \(time), timestamp '2001-01-01' AT TIME ZONE \(zoneName))"
    }

    /// On the zone's clock.
    private func wallStart(of time: SQL) -> SQL {
        let wall: SQL = "(\(time) AT TIME ZONE \(zoneName))"
        guard interval.unit == .month else { return "date_bin(\(step), \(wall), timestamp '2001-01-01')" }
        return """
            (date_trunc('month', \(wall)) - make_interval(months => mod(
                12 * extract(year FROM \(wall))::integer + extract(month FROM \(wall))::integer - 1,
                \(Int32(interval.count)))))
            """
    }

    private var step: SQL {
        switch interval.unit {
        case .second, .minute, .hour: "make_interval(secs => \(Double(interval.leastSeconds)))"
        case .day: "make_interval(days => \(Int32(interval.count)))"
        case .week: "make_interval(days => \(Int32(7 * interval.count)))"
        case .month: "make_interval(months => \(Int32(interval.count)))"
        }
    }
}
