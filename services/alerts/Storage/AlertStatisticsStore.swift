import FoundationEssentials
import HTTPKit
import Identity
import Postgres

/// Adds up alerts.
struct AlertStatisticsStore: Sendable {
    let database: PostgresClient

    /// What the alerts amount to that began in `range`, of the devices that who asks may see.
    ///
    /// - Parameter zone: Whose days they are counted by.
    /// - Returns: Nil where the database knows no such zone.
    /// - Throws: `PostgresError`.
    func statistics(
        in organization: UUID, _ range: TimeRange, _ zone: TimeZoneName, visibleBy visibility: DeviceVisibility
    ) async throws -> AlertStatistics? {
        let found: SQL = """
            alerts.alerts WHERE organization_id = \(organization)
                AND triggered_at >= \(range.start) AND triggered_at < \(range.end) \(visibility.condition)
            """
        do {
            let results = try await database.batch(
                [
                    "SELECT severity, status, count(*) FROM \(found) GROUP BY severity, status",
                    Self.durations(of: found), Self.days(of: found, range, zone),
                    Self.groups(of: found, id: "rule_id", name: "rule_name"),
                    Self.groups(of: found, id: "device_id", name: "device_name"),
                ], as: .organization(organization))
            return try AlertStatistics(results)
        } catch let error as PostgresError where error.sqlState == SQLState(rawValue: "22023") {
            return nil
        }
    }

    private static func durations(of found: SQL) -> SQL {
        """
        SELECT count(acknowledging), avg(acknowledging),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledging),
            count(resolving), avg(resolving), percentile_cont(0.5) WITHIN GROUP (ORDER BY resolving)
        FROM (
            SELECT extract(epoch FROM acknowledged_at - triggered_at)::float8 AS acknowledging,
                CASE WHEN status = 'resolved' THEN extract(epoch FROM resolved_at - triggered_at)::float8 END
                    AS resolving
            FROM \(found)) AS durations
        """
    }

    /// Days without any alert are there, too.
    private static func days(of found: SQL, _ range: TimeRange, _ zone: TimeZoneName) -> SQL {
        let name = zone.description
        return """
            SELECT to_char(day, 'YYYY-MM-DD'), coalesce(count, 0)
            FROM generate_series(
                date_trunc('day', \(range.start) AT TIME ZONE \(name)),
                (\(range.end) - interval '1 microsecond') AT TIME ZONE \(name), interval '1 day') AS day
            LEFT JOIN (
                SELECT date_trunc('day', triggered_at AT TIME ZONE \(name)) AS day, count(*) AS count
                FROM \(found) GROUP BY 1) AS counted USING (day)
            ORDER BY day
            """
    }

    private static func groups(of found: SQL, id: SQL, name: SQL) -> SQL {
        """
        SELECT \(id), (array_agg(\(name) ORDER BY triggered_at DESC))[1], count(*),
            count(*) FILTER (WHERE status = 'dismissed')
        FROM \(found) GROUP BY \(id) ORDER BY count(*) DESC, \(id) LIMIT \(AlertStatistics.mostGroups)
        """
    }
}

extension AlertStatistics {
    /// - Parameter results: Those of the statements above, in their order.
    fileprivate init(_ results: [Rows]) throws {
        let durations = results[1][0]
        self.init(
            counts: try results[0].map { (try $0.decodeCase(at: 0), try $0.decodeCase(at: 1), try $0.decode(at: 2)) },
            acknowledging: try Durations(row: durations, at: 0), resolving: try Durations(row: durations, at: 3),
            days: try results[2].map { Day(date: try $0.decode(at: 0), count: try $0.decode(at: 1)) },
            rules: try results[3].map(Group.init(row:)), devices: try results[4].map(Group.init(row:)))
    }
}

extension AlertStatistics.Durations {
    fileprivate init(row: Row, at column: Int) throws {
        self.init(
            count: try row.decode(at: column), mean: try row.decode(at: column + 1),
            median: try row.decode(at: column + 2))
    }
}

extension AlertStatistics.Group {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), name: try row.decode(at: 1), count: try row.decode(at: 2),
            dismissedCount: try row.decode(at: 3))
    }
}
