import FoundationEssentials
import Kernel
import Postgres

/// The commands as devices take them: handed out on a lease, again when it runs out, until they come to nothing.
struct CommandQueue: Sendable {
    /// How many commands may wait for a device; when they are given at the very same time, a few more.
    static let capacity = 1000

    let database: PostgresClient
    let ledger: Ledger

    /// A command that may be handed out now. What is out on a lease, has been handed out often enough or has expired is
    /// not.
    private static let isDue: SQL = """
        status IN ('pending', 'sent') AND (leased_until IS NULL OR leased_until <= now())
        AND (scheduled_at IS NULL OR scheduled_at <= now()) AND expires_at > now() AND deliveries <= max_retries
        """

    /// Hands out up to `limit` commands of the device, the most urgent first, for ``Command/leaseSeconds``.
    ///
    /// Polls at once never get the same command. Most polls find nothing, and learn it from one statement on a shared
    /// connection.
    func lease(_ limit: Int, by device: UUID, in organization: UUID) async throws -> [Command] {
        guard try await !waiting(among: [device]).isEmpty else { return [] }
        return try await database.withTransaction(as: .organization(organization)) { transaction in
            let rows = try await transaction.query(Self.lease(limit, device, organization))
            let commands = try rows.map(Command.init(row:)).sorted(by: Self.goesFirst)
            let cause = Cause(actor: .device(device))
            try await transaction.batch(commands.flatMap { try ledger.reached($0, cause) })
            return commands
        }
    }

    /// Those of the devices that have something to take.
    func waiting(among devices: [UUID]) async throws -> [UUID] {
        try await database.query(
            """
            SELECT DISTINCT device_id FROM devices.commands WHERE device_id = ANY(\(devices)) AND \(Self.isDue)
            """, as: .platform
        ).map { try $0.decode(UUID.self, at: 0) }
    }

    /// How many commands of a device are due, as a subquery.
    static func pendingCount(of device: SQL, in organization: SQL) -> SQL {
        """
        (SELECT count(*) FROM devices.commands
            WHERE organization_id = \(organization) AND device_id = \(device) AND \(isDue))
        """
    }

    /// How many commands wait for a device, due or not, counted up to ``capacity``.
    static func length(of device: SQL, in organization: UUID) -> SQL {
        """
        (SELECT count(*) FROM (
            SELECT FROM devices.commands
            WHERE organization_id = \(organization) AND device_id = \(device) AND status IN ('pending', 'sent')
            LIMIT \(capacity)) AS waiting)
        """
    }

    /// Ends, for all devices, up to `limit` commands whose time has passed or that were handed out in vain as often as
    /// allowed.
    ///
    /// - Returns: How many were ended; 0 when another instance is at it.
    func endOverdue(_ limit: Int) async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            guard try await transaction.isFirst(to: "end commands") else { return 0 }
            let rows = try await transaction.query(
                """
                UPDATE devices.commands
                SET status = CASE WHEN expires_at <= now() THEN 'expired' ELSE 'failed' END,
                    error = CASE WHEN expires_at > now() THEN
                        'not acknowledged after ' || deliveries || ' deliveries' END,
                    leased_until = NULL, completed_at = now(), version = version + 1, last_updated = now()
                WHERE id = ANY(ARRAY(
                    SELECT id FROM devices.commands
                    WHERE status IN ('pending', 'sent') AND ends_at <= now()
                    ORDER BY ends_at LIMIT \(limit) FOR UPDATE SKIP LOCKED))
                RETURNING \(Command.columns)
                """)
            let commands = try rows.map(Command.init(row:))
            try await transaction.batch(commands.flatMap { try ledger.reached($0, .system) })
            return commands.count
        }
    }

    /// What is taken is looked for once, as an array: inside `IN` a join might look again for each row, and take more.
    private static func lease(_ limit: Int, _ device: UUID, _ organization: UUID) -> SQL {
        """
        UPDATE devices.commands
        SET status = 'sent', deliveries = deliveries + 1, leased_until = now() + make_interval(secs => \(Command.leaseSeconds)),
            sent_at = coalesce(sent_at, now()), version = version + 1, last_updated = now()
        WHERE id = ANY(ARRAY(
            SELECT id FROM devices.commands
            WHERE organization_id = \(organization) AND device_id = \(device) AND \(isDue)
            ORDER BY priority, created_at, id LIMIT \(limit) FOR UPDATE SKIP LOCKED))
        RETURNING \(Command.columns)
        """
    }

    /// The order in which commands are handed out, which `RETURNING` does not keep.
    private static func goesFirst(_ one: Command, _ other: Command) -> Bool {
        (one.order.priority.rank, one.createdAt, one.id.text) < (
            other.order.priority.rank, other.createdAt, other.id.text
        )
    }
}

extension Transaction {
    /// Whether this instance is the one that does `work` for as long as the transaction lasts.
    func isFirst(to work: String) async throws -> Bool {
        let rows = try await query(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(\("lms devices " + work), 0))")
        return try rows.first?.decode(Bool.self) ?? false
    }
}
