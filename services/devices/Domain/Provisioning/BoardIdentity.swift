import FoundationEssentials

/// What a board says of itself when it provisions itself.
struct BoardIdentity: Sendable, Hashable {
    let serialNumber: String
    var deviceType: String?
    var model: String?
    var macAddress: String?
    var firmwareVersion: String?

    /// The profile of the board's new device: what it says goes before the defaults of its key.
    func newProfile(_ defaults: ProvisioningDefaults) -> DeviceProfile {
        let type = deviceType ?? defaults.deviceType ?? ProvisioningDefaults.deviceType
        var profile = DeviceProfile(name: "\(type) \(serialNumber)", deviceType: type)
        profile.description = defaults.description ?? ""
        profile.model = model ?? defaults.model
        profile.serialNumber = serialNumber
        profile.macAddress = macAddress
        profile.firmwareVersion = firmwareVersion
        profile.location = defaults.location
        profile.projectID = defaults.projectID
        profile.tags = defaults.tags ?? []
        profile.sensors = defaults.sensors ?? []
        profile.readingInterval = defaults.readingInterval ?? DeviceProfile.defaultReadingInterval
        profile.properties = defaults.properties ?? [:]
        return profile.normalized
    }

    /// The profile of a device whose board comes again: what people made of it stays, the board's own facts are as it
    /// says now.
    func returning(to current: DeviceProfile) -> DeviceProfile {
        var profile = current
        profile.model = model ?? current.model
        profile.macAddress = macAddress ?? current.macAddress
        profile.firmwareVersion = firmwareVersion ?? current.firmwareVersion
        return profile.normalized
    }
}

/// Why a board does not get a device.
enum ProvisioningError: Error, Hashable {
    /// There is no such key, its time has passed, it is used up, or it may not be used from where the board is. Which,
    /// a stranger is not told.
    case refused
    /// The organization has as many keys as it may have.
    case tooManyKeys
}
