/// What a device is registered with.
struct DeviceRegistration: Sendable, Encodable {
    let name: String
    let description: String
    let deviceType: String
    let serialNumber: String
    let firmwareVersion: String
    let location: String
    let tags: [String]
    let sensors: [String]
    let readingInterval: Int

    enum CodingKeys: String, CodingKey {
        case name, description, location, tags, sensors
        case deviceType = "device_type"
        case serialNumber = "serial_number"
        case firmwareVersion = "firmware_version"
        case readingInterval = "reading_interval"
    }
}

/// A registered device and its key, which the gateway tells only once.
struct RegisteredDevice: Sendable, Decodable {
    let id: String
    let apiKey: String

    enum CodingKeys: String, CodingKey {
        case id
        case apiKey = "api_key"
    }
}

/// What a device says of itself now and then.
struct StatusReport: Sendable, Encodable {
    let firmwareVersion: String
    let uptime: Int

    enum CodingKeys: String, CodingKey {
        case firmwareVersion = "firmware_version"
        case uptime = "uptime_s"
    }
}

/// What became of a command.
struct CommandReport: Sendable, Encodable {
    let status: String
    var error: String?
}

extension GatewayClient {
    /// Registers a device, as a user; with the same key it is the same device.
    ///
    /// - Throws: ``GatewayError``.
    func register(
        _ device: DeviceRegistration, token: String, idempotencyKey: String
    ) async throws -> RegisteredDevice {
        try await call(
            .post, "/api/v1/devices", body: device, options: Options(token: token, idempotencyKey: idempotencyKey))
    }

    /// Sends readings, as the device; those that were sent before are not counted twice.
    ///
    /// - Throws: ``GatewayError``.
    func send(_ readings: [Reading], from device: RegisteredDevice) async throws {
        try await call(
            .post, "/api/v1/devices/\(device.id)/readings", body: ["readings": readings],
            options: Options(token: device.apiKey))
    }

    /// Sends a report, as the device.
    ///
    /// - Throws: ``GatewayError``.
    func send(_ report: StatusReport, from device: RegisteredDevice) async throws {
        try await call(
            .post, "/api/v1/devices/\(device.id)/heartbeat", body: report, options: Options(token: device.apiKey))
    }

    /// Waits up to `seconds` for commands, as the device.
    ///
    /// - Throws: ``GatewayError``.
    func commands(for device: RegisteredDevice, wait seconds: Int) async throws -> [DeviceCommand] {
        struct Page: Decodable {
            let items: [DeviceCommand]
        }
        let page: Page = try await get(
            "/api/v1/devices/\(device.id)/commands?wait=\(seconds)",
            options: Options(token: device.apiKey, deadline: .seconds(seconds + 10)))
        return page.items
    }

    /// Says what became of a command, as the device.
    ///
    /// - Throws: ``GatewayError``.
    func report(_ report: CommandReport, on command: DeviceCommand, from device: RegisteredDevice) async throws {
        try await call(
            .put, "/api/v1/devices/\(device.id)/commands/\(command.id)", body: report,
            options: Options(token: device.apiKey))
    }
}
