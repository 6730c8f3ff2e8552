import Postgres

extension CommandTemplate: VersionedRow {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, description, command_type, device_types, parameters, defaults, priority, ttl_s,
        max_retries, created_by, version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, `DecodingError`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        organizationID = try columns.next()
        content = try Content(
            name: columns.next(), description: columns.next(), commandType: columns.next(),
            deviceTypes: columns.next(), parameters: columns.nextJSON(), defaults: columns.nextJSON(),
            priority: columns.next(Int16?.self).map(CommandPriority.init(stored:)), timeToLive: columns.next(),
            maxRetries: columns.next())
        createdBy = try columns.next()
        version = try columns.next()
        createdAt = try columns.next()
        lastUpdated = try columns.next()
    }
}
