import FoundationEssentials
import HTTPKit
import Kernel

/// What a body says about a field: nothing, null, or a value.
enum Change<Value: Decodable & Sendable>: Sendable {
    case absent
    case null
    case value(Value)

    /// The field after the change; null gives `emptied`.
    func applied(to current: Value, emptied: Value) -> Value {
        switch self {
        case .absent: current
        case .null: emptied
        case .value(let value): value
        }
    }

    /// The optional field after the change.
    func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }
}

/// The body of a request that makes or changes a device.
struct DeviceChanges: Sendable, Decodable {
    let name: Change<String>
    let description: Change<String>
    let deviceType: Change<String>
    let model: Change<String>
    let serialNumber: Change<String>
    let macAddress: Change<String>
    let firmwareVersion: Change<String>
    let location: Change<String>
    let projectID: Change<UUID>
    let tags: Change<[String]>
    let sensors: Change<[String]>
    let readingInterval: Change<Int>
    let properties: Change<[String: AnyJSON]>
    let status: Change<DeviceStatus>

    private enum CodingKeys: String, CodingKey {
        case name, description, model, location, tags, sensors, properties, status
        case deviceType = "device_type"
        case serialNumber = "serial_number"
        case macAddress = "mac_address"
        case firmwareVersion = "firmware_version"
        case projectID = "project_id"
        case readingInterval = "reading_interval"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func change<Value>(_ key: CodingKeys) throws -> Change<Value> {
            guard container.contains(key) else { return .absent }
            if try container.decodeNil(forKey: key) { return .null }
            return .value(try container.decode(Value.self, forKey: key))
        }
        name = try change(.name)
        description = try change(.description)
        deviceType = try change(.deviceType)
        model = try change(.model)
        serialNumber = try change(.serialNumber)
        macAddress = try change(.macAddress)
        firmwareVersion = try change(.firmwareVersion)
        location = try change(.location)
        projectID = try change(.projectID)
        tags = try change(.tags)
        sensors = try change(.sensors)
        readingInterval = try change(.readingInterval)
        properties = try change(.properties)
        status = try change(.status)
    }
}

extension DeviceChanges {
    /// The profile of a new device.
    ///
    /// - Throws: 422 with the fields at fault.
    func newProfile() throws -> DeviceProfile {
        try applied(to: DeviceProfile(name: "", deviceType: ""))
    }

    /// The profile with what the body names put in.
    ///
    /// - Throws: 422 with the fields at fault.
    func applied(to current: DeviceProfile) throws -> DeviceProfile {
        var profile = DeviceProfile(
            name: name.applied(to: current.name, emptied: ""),
            description: description.applied(to: current.description, emptied: ""),
            deviceType: deviceType.applied(to: current.deviceType, emptied: ""))
        profile.model = model.applied(to: current.model)
        profile.serialNumber = serialNumber.applied(to: current.serialNumber)
        profile.macAddress = macAddress.applied(to: current.macAddress)
        profile.firmwareVersion = firmwareVersion.applied(to: current.firmwareVersion)
        profile.location = location.applied(to: current.location)
        profile.projectID = projectID.applied(to: current.projectID)
        profile.tags = tags.applied(to: current.tags, emptied: [])
        profile.sensors = sensors.applied(to: current.sensors, emptied: [])
        profile.readingInterval = readingInterval.applied(
            to: current.readingInterval, emptied: DeviceProfile.defaultReadingInterval)
        profile.properties = properties.applied(to: current.properties, emptied: [:])
        profile = profile.normalized
        try validate { $0.profile(profile) }
        return profile
    }

    /// The profile with nothing in it but what is in the body. The type stays unless the body names another, and so
    /// does the firmware's version, which the device reports.
    ///
    /// - Throws: 422 with the fields at fault.
    func replacing(_ current: DeviceProfile) throws -> DeviceProfile {
        var emptied = DeviceProfile(name: "", deviceType: current.deviceType)
        emptied.firmwareVersion = current.firmwareVersion
        return try applied(to: emptied)
    }

    /// The status after what the body wants it to be.
    func status(after current: DeviceStatus) -> DeviceStatus {
        guard case .value(let wanted) = status else { return current }
        return current.after(.requested(wanted))
    }
}
