import Postgres

extension Device: VersionedRow {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, description, device_type, model, serial_number, mac_address, firmware_version,
        location, project_id, tags, sensors, reading_interval, properties, status, last_seen, battery_level,
        wifi_signal_strength, uptime_s, version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, `DecodingError`.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        organizationID = try columns.next()
        profile = try DeviceProfile(
            name: columns.next(), description: columns.next(), deviceType: columns.next(), model: columns.next(),
            serialNumber: columns.next(), macAddress: columns.next(), firmwareVersion: columns.next(),
            location: columns.next(), projectID: columns.next(), tags: columns.next(), sensors: columns.next(),
            readingInterval: columns.next(), properties: columns.nextJSON())
        status = try columns.nextCase()
        lastSeen = try columns.next()
        batteryLevel = try columns.next()
        wifiSignalStrength = try columns.next()
        uptime = try columns.next()
        version = try columns.next()
        createdAt = try columns.next()
        lastUpdated = try columns.next()
    }
}
