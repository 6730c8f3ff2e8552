import HTTPKit

/// What `device_new.mustache` reads as `page`.
struct NewDevicePage: Sendable {
    let message: String?
    let name: Field
    let deviceType: Field
    let serialNumber: Field
    let location: Field
    let sensors: Field
    let readingInterval: Field

    init(_ form: FormState) {
        message = form.message
        name = form.field("name", called: "The name")
        deviceType = form.field("device_type", called: "The type", "esp32")
        serialNumber = form.field("serial_number", called: "The serial number")
        location = form.field("location", called: "The location")
        sensors = form.field("sensors", called: "A sensor", "temperature")
        readingInterval = form.field(
            "reading_interval", called: "The interval", "\(DeviceProfile.defaultReadingInterval)")
    }
}

/// What `device_made.mustache` reads as `page`: a device with its key, this once, and what to do with them.
struct MadeDevicePage: Sendable {
    let name: String
    let path: String
    let key: String
    let curl: String
    let sketch: String

    /// - Parameter site: The base URL of the gateway.
    init(_ registration: DeviceStore.Registration, site: String) {
        let device = registration.device
        let starter = StarterCode(device: device, key: registration.key.secret, site: site)
        name = device.profile.name
        path = "/devices/\(device.id.text)"
        key = registration.key.secret
        curl = starter.curl
        sketch = starter.sketch
    }
}
