import Postgres

extension Command {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, device_id, organization_id, command_type, parameters, priority, scheduled_at, expires_at, max_retries,
        status, result, error, deliveries, created_by, bulk_id, version, created_at, sent_at, acknowledged_at, completed_at,
        last_updated
        """

    /// - Throws: `DecodingFailure`, `DecodingError`.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        deviceID = try columns.next()
        organizationID = try columns.next()
        order = try CommandOrder(
            type: columns.next(), parameters: columns.nextJSON(), priority: CommandPriority(stored: columns.next()),
            scheduledAt: columns.next(), expiresAt: columns.next(), maxRetries: columns.next())
        status = try columns.nextCase()
        result = try columns.next(JSONB?.self)?.decode()
        error = try columns.next()
        deliveries = try columns.next()
        createdBy = try columns.next()
        bulkID = try columns.next()
        version = try columns.next()
        createdAt = try columns.next()
        sentAt = try columns.next()
        acknowledgedAt = try columns.next()
        completedAt = try columns.next()
        lastUpdated = try columns.next()
    }
}

extension CommandPriority {
    /// - Throws: ``StoredValueError``.
    init(stored rank: Int16) throws {
        guard let priority = Self.allCases.first(where: { $0.rank == rank }) else {
            throw StoredValueError(text: "\(rank)")
        }
        self = priority
    }
}
