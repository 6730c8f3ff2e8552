import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The bulk commands as people give them, follow them and take them back. ``BulkWork`` makes the commands.
struct BulkCommandStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    // MARK: Reading

    /// - Throws: ``DeviceError/notFound``.
    func progress(of id: UUID, in organization: UUID) async throws -> BulkProgress {
        let rows = try await database.batch(
            [Self.select(id, organization), Self.counts(of: id, organization)], as: .organization(organization))
        guard let row = rows[0].first else { throw DeviceError.notFound }
        return BulkProgress(bulk: try BulkCommand(row: row), counts: try Self.counts(rows[1]))
    }

    /// A page of the organization's, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [BulkCommand] {
        try await database.query(
            """
            SELECT \(BulkCommand.columns) FROM devices.bulk_commands
            WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization)
        ).map(BulkCommand.init(row:))
    }

    // MARK: Writing

    /// Keeps an order for the devices that `selector` takes now.
    ///
    /// - Throws: ``BulkCommandError``.
    func insert(
        _ order: CommandOrder, by template: CommandTemplate?, for selector: DeviceSelector, in organization: UUID,
        by user: UUID, _ cause: Cause, _ transaction: Transaction
    ) async throws -> BulkProgress {
        let id = UUID.v7()
        let (words, parameters) = (try JSONB(selector), try JSONB(order.parameters))
        let rows = try await transaction.batch([
            // Of several that are given at once, each counts those before.
            "SELECT pg_advisory_xact_lock(hashtextextended('devices.bulk_commands ' || \(organization.text), 0))",
            """
            INSERT INTO devices.bulk_commands (id, organization_id, selector, template_id, device_types, command_type,
                parameters, priority, scheduled_at, expires_at, max_retries, created_by)
            SELECT \(id), \(organization), \(words), \(template?.id), \(template?.content.deviceTypes ?? []),
                \(order.type), \(parameters), \(order.priority.rank), \(order.scheduledAt), \(order.expiresAt),
                \(order.maxRetries), \(user)
            WHERE (SELECT count(*) FROM devices.bulk_commands
                    WHERE organization_id = \(organization) AND status IN ('queueing', 'cancelling'))
                < \(BulkCommand.maximumUnderWay)
            RETURNING \(BulkCommand.columns)
            """,
        ])
        guard let row = rows[1].first else { throw BulkCommandError.tooManyUnderWay }
        let bulk = try BulkCommand(row: row)
        let devices = try await select(selector, for: bulk, transaction)
        try await transaction.query(try ledger.created(bulk, cause))
        return BulkProgress(bulk: bulk, counts: [.waiting: devices])
    }

    /// Takes it back, as far as devices have not acknowledged their commands: from now on that goes on bit by bit. One
    /// that is taken back already stays as it is.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``BulkCommandError/done``, ``DeviceError``.
    func cancel(
        _ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, by user: UUID, _ cause: Cause
    ) async throws -> BulkProgress {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let bulk: BulkCommand = try await transaction.lock(Self.select(id, organization), ifMatch: versions)
            let counts = try Self.counts(await transaction.query(Self.counts(of: id, organization)))
            let progress = BulkProgress(bulk: bulk, counts: counts)
            guard !bulk.status.isTakenBack else { return progress }
            guard !progress.isDone else { throw BulkCommandError.done }
            let rows = try await transaction.query(
                """
                UPDATE devices.bulk_commands
                SET status = \(BulkCommand.Status.cancelling.rawValue), cancelled_by = \(user),
                    version = version + 1, last_updated = now()
                WHERE organization_id = \(organization) AND id = \(id)
                RETURNING \(BulkCommand.columns)
                """)
            guard let row = rows.first else { throw DeviceError.notFound }
            let cancelled = try BulkCommand(row: row)
            try await transaction.query(try ledger.cancelled(cancelled, cause))
            return BulkProgress(bulk: cancelled, counts: counts)
        }
    }

    // MARK: Parts

    /// Notes the devices that the selector takes now, and returns how many.
    private func select(
        _ selector: DeviceSelector, for bulk: BulkCommand, _ transaction: Transaction
    ) async throws -> Int {
        // With one more than may be, to see that there are too many.
        let page = PageRequest<UUID>(limit: BulkCommand.maximumDevices, order: .ascending, after: nil)
        let count = try await transaction.query(
            """
            INSERT INTO devices.bulk_targets (bulk_id, device_id, organization_id)
            SELECT \(bulk.id), id, organization_id FROM devices.devices
            WHERE organization_id = \(bulk.organizationID)\(selector.filter.conditions(page))
            """
        ).affectedRows
        guard count > 0 else { throw BulkCommandError.noDevices }
        guard count <= BulkCommand.maximumDevices else { throw BulkCommandError.tooManyDevices }
        return count
    }

    private static func select(_ id: UUID, _ organization: UUID) -> SQL {
        """
        SELECT \(BulkCommand.columns) FROM devices.bulk_commands
        WHERE organization_id = \(organization) AND id = \(id)
        """
    }

    /// How many of its devices are in which state. The commands of a device go with it, but it is among the devices yet.
    private static func counts(of id: UUID, _ organization: UUID) -> SQL {
        """
        SELECT CASE WHEN command.id IS NOT NULL THEN command.status
                WHEN target.outcome = 'queued' THEN 'deleted'
                ELSE coalesce(target.outcome, 'waiting') END AS state,
            count(*)
        FROM devices.bulk_targets AS target
        LEFT JOIN devices.commands AS command
            ON command.organization_id = target.organization_id AND command.bulk_id = target.bulk_id
                AND command.device_id = target.device_id
        WHERE target.organization_id = \(organization) AND target.bulk_id = \(id)
        GROUP BY state
        """
    }

    private static func counts(_ rows: Rows) throws -> [BulkProgress.State: Int] {
        var counts: [BulkProgress.State: Int] = [:]
        for row in rows {
            var columns = ColumnReader(row)
            counts[try columns.nextCase()] = try columns.next(Int.self)
        }
        return counts
    }
}
