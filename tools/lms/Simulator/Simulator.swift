import FoundationEssentials
import LocalStack
import Logging

/// Devices that do not exist, or did elsewhere, at a gateway that does.
struct Simulator: Sendable {
    /// What kind of device to be.
    struct Model: Sendable {
        let name: String
        let description: String
        let deviceType: String
        let location: String
        let sensors: [String]
        let source: any SignalSource
        /// Seconds from one reading to the next.
        let interval: Double
    }

    let gateway: GatewayClient
    let models: [Model]
    /// Where the devices' keys are kept.
    let file: PrivateFile
    let logger: Logger

    /// Rooms whose climate is made up.
    static func rooms(_ count: Int, interval: Double) -> [Model] {
        (0..<max(count, 0)).map { index in
            Model(
                name: "Simulated room \(index + 1)", description: "Its climate is made up by lms simulate.",
                deviceType: "simulator", location: "Simulated building, room \(index + 1)",
                sensors: ["temperature", "humidity", "co2", "pressure"],
                source: RoomClimate(generator: SystemRandomNumberGenerator()), interval: interval)
        }
    }

    /// A device that replays a recording.
    static func replay(_ recording: Recording, name: String, interval: Double) -> Model {
        Model(
            name: name, description: "Replays a recording.", deviceType: "replay", location: "Server rack",
            sensors: recording.columns.map(\.sensorType), source: recording, interval: interval)
    }

    /// Registers the devices that are not yet registered, as the user of `token`, and runs them all until the task is
    /// cancelled.
    ///
    /// - Throws: ``GatewayError`` when they cannot be registered; `LocalStackError` when keys cannot be kept.
    func run(token: String) async throws {
        let devices = try await register(token: token)
        await withTaskGroup(of: Void.self) { group in
            for (model, device) in zip(models, devices) {
                let simulated = SimulatedDevice(
                    device, name: model.name, source: model.source, interval: model.interval, gateway: gateway,
                    logger: logger)
                group.addTask { await simulated.run() }
            }
        }
    }

    /// Registers the devices that are not yet registered, as the user of `token`.
    ///
    /// - Returns: The devices of the models, in their order.
    /// - Throws: As ``run(token:)``.
    func register(token: String) async throws -> [RegisteredDevice] {
        let organizationID = try await gateway.organizationID(token: token) ?? ""
        var roster = Roster.load(from: file, gateway: gateway.url, organizationID: organizationID)
        let entries = models.map { roster.entry(named: $0.name) }
        try roster.save(to: file)
        var devices: [RegisteredDevice] = []
        do {
            for (model, entry) in zip(models, entries) {
                let device =
                    if let known = entry.device { known } else { try await register(model, entry, token: token) }
                roster.setDevice(device, for: model.name)
                devices.append(device)
            }
        } catch {
            try roster.save(to: file)
            throw error
        }
        try roster.save(to: file)
        return devices
    }

    private func register(_ model: Model, _ entry: Roster.Entry, token: String) async throws -> RegisteredDevice {
        let registration = DeviceRegistration(
            name: model.name, description: model.description, deviceType: model.deviceType,
            serialNumber: entry.serialNumber, firmwareVersion: DeviceState(interval: model.interval).firmwareVersion,
            location: model.location, tags: ["simulated"], sensors: model.sensors,
            readingInterval: max(1, Int(model.interval.rounded())))
        return try await gateway.register(registration, token: token, idempotencyKey: entry.idempotencyKey)
    }
}
