/// What a line of an imported file says of a device.
struct DeviceRow: Sendable, Hashable {
    /// Where it begins in the file, counted from 1.
    let line: Int
    let serialNumber: String
    /// With what the line says, and for the rest as a new device would be.
    let profile: DeviceProfile
    /// Those of which the line says something; an empty field says so of what a device can be without.
    let columns: Set<DeviceColumn>

    /// The profile of a device with this serial number after the import.
    func applied(to current: DeviceProfile) -> DeviceProfile {
        var result = current
        if columns.contains(.name) { result.name = profile.name }
        if columns.contains(.description) { result.description = profile.description }
        if columns.contains(.deviceType) { result.deviceType = profile.deviceType }
        if columns.contains(.model) { result.model = profile.model }
        if columns.contains(.macAddress) { result.macAddress = profile.macAddress }
        if columns.contains(.firmwareVersion) { result.firmwareVersion = profile.firmwareVersion }
        if columns.contains(.location) { result.location = profile.location }
        if columns.contains(.projectID) { result.projectID = profile.projectID }
        if columns.contains(.tags) { result.tags = profile.tags }
        if columns.contains(.readingInterval) { result.readingInterval = profile.readingInterval }
        return result
    }
}
