import FoundationEssentials
import Kernel
import Postgres

/// What organizations used, counted exactly once although events may come twice.
struct UsageStore: Sendable {
    /// How long is remembered what has been counted; longer than any stream keeps its events.
    static let memory = Duration.seconds(14 * 86_400)

    let database: PostgresClient

    // MARK: Counting

    /// Counts the readings of batches, but for those that have been counted.
    func count(_ batches: [UsageRecordedData.Batch], at time: Timestamp, _ transaction: Transaction) async throws {
        let counts = batches.flatMap { batch in batch.organizations.map { (batch: "\(batch.id)", $0) } }
        try await transaction.query(
            """
            WITH uncounted AS (\(remember(batches.map { "\($0.id)" }, from: .readings)))
            INSERT INTO billing.usage_daily (organization_id, date, readings)
            SELECT organization_id, (\(time) AT TIME ZONE 'UTC')::date, sum(readings)::bigint
            FROM uncounted
            JOIN unnest(
                \(counts.map(\.batch)), \(counts.map(\.1.organizationID)), \(counts.map(\.1.readings))
            ) AS counts (id, organization_id, readings) USING (id)
            GROUP BY organization_id
            ON CONFLICT (organization_id, date) DO UPDATE
            SET readings = usage_daily.readings + excluded.readings
            """)
    }

    /// Counts one of what `event` tells, unless that event has been counted.
    func count(
        _ kind: UsageKind, for organization: UUID, event: UUID, from source: Service, at time: Timestamp,
        _ transaction: Transaction
    ) async throws {
        let (commands, notifications) = kind == .commands ? (1, 0) : (0, 1)
        try await transaction.query(
            """
            WITH uncounted AS (\(remember([event.text], from: source)))
            INSERT INTO billing.usage_daily (organization_id, date, commands, notifications)
            SELECT \(organization), (\(time) AT TIME ZONE 'UTC')::date, \(commands)::bigint, \(notifications)::bigint
            FROM uncounted
            ON CONFLICT (organization_id, date) DO UPDATE
            SET commands = usage_daily.commands + excluded.commands,
                notifications = usage_daily.notifications + excluded.notifications
            """)
    }

    /// Remembers what is counted by this statement; a row comes of each that has not been.
    private func remember(_ ids: [String], from source: Service) -> SQL {
        """
        INSERT INTO billing.usage_batches (source, id)
        SELECT \(source.rawValue), id FROM unnest(\(ids)) AS counted (id) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
        """
    }

    /// Forgets what was counted so long ago that it cannot come again.
    func prune() async throws {
        let cutoff = Timestamp.now.adding(.zero - Self.memory)
        _ = try await database.query("DELETE FROM billing.usage_batches WHERE counted_at < \(cutoff)")
    }

    // MARK: Reading

    /// What was used on each day of the period.
    func usage(of organization: UUID, in period: UsagePeriod) async throws -> [DailyUsage] {
        let rows = try await database.query(
            """
            SELECT to_char(day, 'YYYY-MM-DD'), coalesce(usage_daily.readings, 0),
                (SELECT count(*) FROM billing.devices
                 WHERE devices.organization_id = \(organization)
                    AND devices.registered_at < (day + interval '1 day') AT TIME ZONE 'UTC'
                    AND (devices.deleted_at IS NULL OR devices.deleted_at >= day AT TIME ZONE 'UTC')),
                coalesce(usage_daily.commands, 0), coalesce(usage_daily.notifications, 0)
            FROM generate_series(
                \(period.start) AT TIME ZONE 'UTC', \(period.end) AT TIME ZONE 'UTC' - interval '1 day',
                interval '1 day') AS day
            LEFT JOIN billing.usage_daily
                ON usage_daily.organization_id = \(organization) AND usage_daily.date = day::date
            ORDER BY day
            """, as: .organization(organization))
        return try rows.map { row in
            DailyUsage(
                date: try row.decode(at: 0), readings: try row.decode(at: 1), devices: try row.decode(at: 2),
                commands: try row.decode(at: 3), notifications: try row.decode(at: 4))
        }
    }
}
