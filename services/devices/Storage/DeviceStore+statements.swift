import FoundationEssentials
import Kernel
import Postgres

/// The statements that write a device.
extension DeviceStore {
    static func entity(_ id: UUID, _ organization: UUID, _ profile: DeviceProfile) throws -> Entity {
        try Entity(
            id: id, organizationID: organization, type: "device.\(profile.deviceType)", name: profile.name,
            description: profile.description, properties: JSONB(profile.properties))
    }

    static func insert(_ profile: DeviceProfile, id: UUID, _ organization: UUID) throws -> SQL {
        """
        INSERT INTO devices.devices (id, organization_id, name, description, device_type, model, serial_number,
            mac_address, firmware_version, location, project_id, tags, sensors, reading_interval, properties, status)
        VALUES (\(id), \(organization), \(profile.name), \(profile.description), \(profile.deviceType),
            \(profile.model), \(profile.serialNumber), \(profile.macAddress), \(profile.firmwareVersion),
            \(profile.location), \(profile.projectID), \(profile.tags), \(profile.sensors),
            \(profile.readingInterval), \(try JSONB(profile.properties)), \(DeviceStatus.provisioned.rawValue))
        """
    }

    /// A device that changes is told with its battery's level.
    static func update(_ device: Device, _ profile: DeviceProfile, _ status: DeviceStatus) throws -> SQL {
        """
        UPDATE devices.devices
        SET name = \(profile.name), description = \(profile.description), device_type = \(profile.deviceType),
            model = \(profile.model), serial_number = \(profile.serialNumber), mac_address = \(profile.macAddress),
            firmware_version = \(profile.firmwareVersion), location = \(profile.location),
            project_id = \(profile.projectID), tags = \(profile.tags), sensors = \(profile.sensors),
            reading_interval = \(profile.readingInterval), properties = \(try JSONB(profile.properties)),
            status = \(status.rawValue), told_battery_level = battery_level, battery_told_at = now(),
            version = version + 1, last_updated = now()
        WHERE organization_id = \(device.organizationID) AND id = \(device.id)
        """
    }

    /// A new device's first configuration.
    static func configure(
        _ device: UUID, _ organization: UUID, _ config: [String: AnyJSON], _ cause: Cause
    ) throws -> [SQL] {
        [
            """
            INSERT INTO devices.configs (device_id, organization_id, config)
            VALUES (\(device), \(organization), \(try JSONB(config)))
            """,
            ConfigStore.keepVersion(of: device, in: organization, cause),
        ]
    }

    /// Ends a statement that writes devices: it answers them.
    static let returning: SQL = " RETURNING \(Device.columns)"
}
