import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// Attributes: those of the client are the settings that the device says it works with, the shared ones those that it is
/// to have, and the current firmware of its type.
struct ThingsBoardAttributeRoutes: Sendable {
    private static let path = "\(ThingsBoard.root)/attributes"

    let configs: ConfigStore
    let delivery: ConfigDelivery
    let firmware: FirmwareStore
    let devices: DeviceStore
    let liveness: LivenessWriter

    func add(to routes: inout RouteTable) {
        routes.post(Self.path, .device, use: report)
        routes.get(Self.path, .device, use: show)
        routes.get("\(Self.path)/updates", .device, use: poll)
    }

    /// Each attribute takes the place of the one of its name; the others stay, and so does what is null.
    @Sendable private func report(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (device, organization) = (try context.device.id, try context.organizationID)
        let attributes = try await request.decode(as: [String: AnyJSON].self, context: context)
            .filter { $0.value != .null }
        let version = attributes["current_fw_version"]?.text
        try validate { $0.length(of: version, 1...100, "current_fw_version") }
        try await configs.report(by: device, in: organization) { reported in
            let merged = reported.merging(attributes) { $1 }
            try validate { $0.json(.object(merged), "") }
            return merged
        }
        liveness.note([SignOfLife(deviceID: device, time: .now, firmwareVersion: version)])
        return Response(status: .ok)
    }

    /// Those that are named, or all where none is.
    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<[String: [String: AnyJSON]]> {
        let (id, organization) = (try context.device.id, try context.organizationID)
        let query = try request.query()
        let (clientKeys, sharedKeys) = (query.values("clientKeys"), query.values("sharedKeys"))
        let isForAll = clientKeys.isEmpty && sharedKeys.isEmpty
        let config = try await configs.find(id, in: organization)
        var shared = config.settings
        if isForAll || sharedKeys.contains(where: { $0.hasPrefix(Firmware.attributePrefix) }) {
            let type = try await devices.find(id, in: organization).profile.deviceType
            let current = try await firmware.current(for: type, in: organization)
            shared.merge(current?.attributes ?? [:]) { setting, _ in setting }
        }
        if isForAll || !sharedKeys.isEmpty { try await configs.beginTelling(id, in: organization) }
        liveness.note([SignOfLife(deviceID: id, time: .now)])
        let scopes = [
            "client": (config.reported ?? [:]).filter { isForAll || clientKeys.contains($0.key) },
            "shared": shared.filter { isForAll || sharedKeys.contains($0.key) },
        ]
        return JSON(scopes.filter { !$0.value.isEmpty })
    }

    @Sendable private func poll(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<[String: AnyJSON]> {
        let device = try context.device.id
        let patience = try ThingsBoard.patience(of: request)
        liveness.note([SignOfLife(deviceID: device, time: .now)])
        guard
            let changes = try await delivery.poll(
                by: device, with: Credentials(of: request.head), patience: patience)
        else { throw ThingsBoard.nothingCame }
        var answer = changes.changed
        if !changes.deleted.isEmpty { answer["deleted"] = .array(changes.deleted.map { .string($0) }) }
        return JSON(answer)
    }
}

extension Firmware {
    fileprivate static let attributePrefix = "fw_"

    /// The firmware as ThingsBoard tells a device of one, with the device's type as its title.
    fileprivate var attributes: [String: AnyJSON] {
        var attributes: [String: AnyJSON] = [
            "fw_title": .string(label.deviceType), "fw_version": .string(label.version.text),
            "fw_size": .integer(digest.size), "fw_checksum": .string(digest.sha256),
            "fw_checksum_algorithm": .string("SHA256"),
        ]
        attributes["fw_signature"] = label.signature.map { .string($0) }
        return attributes
    }
}
