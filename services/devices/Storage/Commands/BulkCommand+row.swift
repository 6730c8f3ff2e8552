import Postgres

extension BulkCommand: VersionedRow {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, selector, template_id, device_types, command_type, parameters, priority, scheduled_at,
        expires_at, max_retries, status, created_by, cancelled_by, version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, `DecodingError`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        organizationID = try columns.next()
        selector = try columns.nextJSON()
        templateID = try columns.next()
        deviceTypes = try columns.next()
        order = try CommandOrder(
            type: columns.next(), parameters: columns.nextJSON(), priority: CommandPriority(stored: columns.next()),
            scheduledAt: columns.next(), expiresAt: columns.next(), maxRetries: columns.next())
        status = try columns.nextCase()
        createdBy = try columns.next()
        cancelledBy = try columns.next()
        version = try columns.next()
        createdAt = try columns.next()
        lastUpdated = try columns.next()
    }
}

extension DeviceSelector {
    /// As the list of devices filters.
    var filter: DeviceFilter {
        DeviceFilter(
            ids: ids ?? [], statuses: statuses ?? [], types: types ?? [], projects: projects ?? [], tags: tags ?? [],
            text: text)
    }
}
