import Postgres

extension Firmware {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, device_type, firmware_version, description, signature, size, sha256, is_current,
        created_by, version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        organizationID = try columns.next()
        label = try FirmwareLabel(
            deviceType: columns.next(), version: FirmwareVersion(stored: columns.next()), description: columns.next(),
            signature: columns.next())
        digest = try FirmwareDigest(size: columns.next(), sha256: columns.next())
        isCurrent = try columns.next()
        createdBy = try columns.next()
        version = try columns.next()
        createdAt = try columns.next()
        lastUpdated = try columns.next()
    }
}

extension FirmwareUpdate {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = "firmware_version, state, progress, error, began_at, reported_at"

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        report = try FirmwareUpdateReport(
            version: FirmwareVersion(stored: columns.next()), state: columns.nextCase(), progress: columns.next(),
            error: columns.next())
        beganAt = try columns.next()
        reportedAt = try columns.next()
    }
}

extension FirmwareVersion {
    /// - Throws: ``StoredValueError``.
    fileprivate init(stored text: String) throws {
        guard let version = FirmwareVersion(text) else { throw StoredValueError(text: text) }
        self = version
    }
}
