/// The columns of devices in a CSV file.
enum DeviceColumn: String, Sendable, CaseIterable {
    case serialNumber = "serial_number"
    case name, description
    case deviceType = "device_type"
    case model
    case macAddress = "mac_address"
    case firmwareVersion = "firmware_version"
    case location
    case projectID = "project_id"
    case tags
    case readingInterval = "reading_interval"

    // What an export tells besides, and an import passes over.
    case id, status
    case lastSeen = "last_seen"
    case createdAt = "created_at"
}
