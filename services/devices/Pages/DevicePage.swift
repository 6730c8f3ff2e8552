import HTTPKit
import Identity

/// The forms of a device's page.
enum DeviceForm: Sendable {
    case profile, config, command, key, deletion
}

/// What a device's page shows of it.
struct DeviceContents: Sendable {
    let device: Device
    let health: DeviceHealth
    let config: DeviceConfig
    /// The newest ones.
    let commands: [Command]
    /// The newest ones.
    let logs: [LogEntry]
    /// The caller's role on the device.
    let role: Role
}

/// What `device.mustache` reads as `page`.
struct DevicePage: Sendable {
    let id: String
    let path: String
    let name: String
    let description: String?
    let facts: [Fact]
    let hasCharts: Bool
    let state: StateSection
    let config: ConfigSection
    let commands: CommandSection
    let logs: LogSection
    let profile: ProfileSection?
    let key: KeySection?
    let deletionError: String?
    let isAdmin: Bool
    /// What has just been done.
    let notice: String?

    /// A line of what is known of a device.
    struct Fact: Sendable {
        let title: String
        let value: String
    }

    /// - Parameters:
    ///   - refused: The form that the page is the answer to, where it is one to a form.
    ///   - newKey: One that has just been issued.
    init(
        _ contents: DeviceContents, hasCharts: Bool, notice: String?, refused: RefusedForm<DeviceForm>?,
        newKey: String?
    ) {
        let device = contents.device
        id = device.id.text
        path = "/devices/\(device.id.text)"
        name = device.profile.name
        description = device.profile.description.isEmpty ? nil : device.profile.description
        facts = Self.facts(of: device)
        self.hasCharts = hasCharts
        state = StateSection(contents.health, device)
        config = ConfigSection(contents.config, role: contents.role, FormState(of: .config, refused))
        commands = CommandSection(
            contents.commands, of: device.id, role: contents.role, FormState(of: .command, refused))
        logs = LogSection(contents.logs)
        isAdmin = contents.role >= .admin
        profile = isAdmin ? ProfileSection(device, FormState(of: .profile, refused)) : nil
        key = isAdmin ? KeySection(FormState(of: .key, refused), new: newKey) : nil
        deletionError = FormState(of: .deletion, refused).field("confirmed", called: "The box").error
        self.notice = notice
    }

    private static func facts(of device: Device) -> [Fact] {
        let profile = device.profile
        let lines: [(title: String, value: String?)] = [
            ("Id", device.id.text), ("Type", profile.deviceType), ("Model", profile.model),
            ("Serial number", profile.serialNumber), ("MAC address", profile.macAddress),
            ("Location", profile.location), ("Tags", profile.tags.isEmpty ? nil : profile.tags.joined(separator: ", ")),
            ("Measures", profile.sensors.isEmpty ? nil : profile.sensors.joined(separator: ", ")),
            ("Reads every", "\(profile.readingInterval) s"),
        ]
        return lines.compactMap { title, value in value.map { Fact(title: title, value: $0) } }
    }
}

/// The form that changes what people say of a device.
struct ProfileSection: Sendable {
    let message: String?
    let name: Field
    let description: Field
    let location: Field
    let tags: Field
    let version: Int

    init(_ device: Device, _ form: FormState) {
        message = form.message
        name = form.field("name", called: "The name", device.profile.name)
        description = form.field("description", called: "The description", device.profile.description)
        location = form.field("location", called: "The location", device.profile.location ?? "")
        tags = form.field("tags", called: "A tag", device.profile.tags.joined(separator: ", "))
        version = device.version
    }
}

/// The form that gives a device another key, and the key.
struct KeySection: Sendable {
    let message: String?
    let new: String?

    init(_ form: FormState, new: String?) {
        message = form.message
        self.new = new
    }
}
