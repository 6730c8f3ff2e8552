import HTTPKit

extension CSVRow {
    /// In the order of ``DeviceColumn``, so that it can be imported again.
    init(_ device: Device) {
        self.init()
        append(device.profile.serialNumber)
        append(device.profile.name)
        append(device.profile.description)
        append(device.profile.deviceType)
        append(device.profile.model)
        append(device.profile.macAddress)
        append(device.profile.firmwareVersion)
        append(device.profile.location)
        append(verbatim: device.profile.projectID?.text ?? "")
        append(TagText.joined(device.profile.tags))
        append(verbatim: String(device.profile.readingInterval))
        append(verbatim: device.id.text)
        append(verbatim: device.status.rawValue)
        append(verbatim: device.lastSeen?.rfc3339 ?? "")
        append(verbatim: device.createdAt.rfc3339)
    }
}
