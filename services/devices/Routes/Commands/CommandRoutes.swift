import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// What people do with commands: give them, see what became of them, take them back.
struct CommandRoutes: Sendable {
    let commands: CommandStore
    let templates: CommandTemplateStore
    let firmware: FirmwareStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        let operate = Access.user(atLeast: .member, orGrant: true)
        routes.post("/api/v1/devices/{id}/commands", operate, use: queueForDevice)
        routes.post("/api/v1/commands", operate, use: queue)
        routes.get("/api/v1/commands", .user(atLeast: .viewer, orGrant: true), use: list)
        routes.get("/api/v1/commands/{id}", .user(atLeast: .viewer, orGrant: true), use: show)
        routes.delete("/api/v1/commands/{id}", operate, use: cancel)
        routes.post("/api/v1/devices/{id}/reboot", operate) { try await queue("reboot", $0, $1) }
        routes.post("/api/v1/devices/{id}/control/restart", operate) { try await queue("restart", $0, $1) }
        routes.post("/api/v1/devices/{id}/control/calibrate", operate) { try await queue("calibrate", $0, $1) }
        routes.post("/api/v1/devices/{id}/control/set-reading-interval", operate, use: setReadingInterval)
        routes.post("/api/v1/devices/{id}/control/update-firmware", operate, use: updateFirmware)
    }

    // MARK: Giving

    @Sendable private func queueForDevice(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await access.device(context, atLeast: .member)
        var request = request
        let command = try await request.decodeCollected(as: NewCommand.self, context: context)
        return try await queue(command, for: device, request, context)
    }

    @Sendable private func queue(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        let command = try await request.decodeCollected(as: NewCommand.self, context: context)
        guard let id = command.deviceID else { throw Problem.invalid("device_id", "is required") }
        let device = try await access.device(id, context, atLeast: .member)
        return try await queue(command, for: device, request, context)
    }

    /// A shorthand, whose body, if there is one, is the command's parameters.
    private func queue(_ type: String, _ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await access.device(context, atLeast: .member)
        var request = request
        let parameters = try await request.decodeIfPresent(as: [String: AnyJSON].self, context: context)
        let command = NewCommand(commandType: type, parameters: parameters)
        return try await queue(command, for: device, request, context)
    }

    @Sendable private func setReadingInterval(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        let device = try await access.device(context, atLeast: .member)
        var request = request
        let interval = try await request.decodeCollected(as: ReadingInterval.self, context: context).seconds
        try validate { $0.range(of: interval, DeviceProfile.readingIntervals, "reading_interval") }
        let command = NewCommand(
            commandType: CommandOrder.setReadingInterval,
            parameters: [CommandOrder.readingInterval: .integer(interval)])
        return try await queue(command, for: device, request, context)
    }

    /// Orders a device to take the firmware that the body names, or else the current one of its type.
    @Sendable private func updateFirmware(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        let device = try await access.device(context, atLeast: .member)
        var request = request
        let id = try await request.decodeIfPresent(as: WantedFirmware.self, context: context)?.firmwareID
        let wanted = try await wantedFirmware(id, for: device)
        let command = NewCommand(commandType: CommandOrder.updateFirmware, parameters: wanted.order)
        return try await queue(command, for: device, request, context)
    }

    /// - Throws: 422 for one that the organization does not have for devices of that type.
    private func wantedFirmware(_ id: UUID?, for device: Device) async throws -> Firmware {
        let type = device.profile.deviceType
        guard let id else {
            if let current = try await firmware.current(for: type, in: device.organizationID) { return current }
            throw Problem.invalid(
                "firmware_id", "is required where no firmware is the current one of the device's type")
        }
        do {
            return try await firmware.find(id, for: type, in: device.organizationID)
        } catch FirmwareError.notFound {
            throw Problem.invalid("firmware_id", "is no firmware for devices of the type \(type)")
        }
    }

    private func queue(
        _ new: NewCommand, for device: Device, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        let user = try context.user.id
        let response = try await idempotency.create(
            request, context, as: .organization(device.organizationID)
        ) { transaction in
            let template = try await templates.find(of: new, in: device.organizationID, transaction)
            let order = try new.order(from: template, for: device.profile.deviceType)
            let command = try await commands.queue(
                order, for: device.id, in: device.organizationID, by: user, context.cause, transaction)
            return JSON(
                command, status: .created, version: command.version, location: "/api/v1/commands/\(command.id.text)")
        }
        await announcer.queued(for: [device.id])
        return response
    }

    // MARK: Seeing and taking back

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<Command> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let filter = CommandFilter(
            devices: try query.values("device_id", as: UUID.self),
            statuses: try query.values("status", as: CommandStatus.self), types: query.values("command_type"),
            bulks: try query.values("bulk_id", as: UUID.self), visibility: try context.user.deviceVisibility)
        return try await commands.page(page, filter, in: try context.organizationID)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Command> {
        let command = try await visible(context, atLeast: .viewer)
        return JSON(command, version: command.version)
    }

    @Sendable private func cancel(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Command> {
        let command = try await visible(context, atLeast: .member)
        try request.requireMatch(command.version)
        let cancelled = try await commands.apply(
            CommandReport(event: .cancelled), to: command.id, in: command.organizationID, context.cause)
        announcer.committed()
        return JSON(cancelled, version: cancelled.version)
    }

    /// The command in the path's place `{id}`, of a device on which the caller has at least that role.
    private func visible(_ context: AppRequestContext, atLeast role: Role) async throws -> Command {
        let command = try await commands.find(try context.id(), in: try context.organizationID)
        _ = try await access.device(command.deviceID, context, atLeast: role)
        return command
    }
}

extension CommandStore {
    /// The page of a list that a request asks for.
    func page(
        _ page: PageRequest<UUID>, _ filter: CommandFilter, in organization: UUID
    ) async throws -> Page<Command> {
        let found = try await list(filter, in: organization, page)
        return try page.page(found, key: \.id)
    }
}

extension CommandTemplateStore {
    /// The template that a body names; nil where it names none.
    ///
    /// - Throws: 422 for one that the organization does not have.
    func find(
        of command: NewCommand, in organization: UUID, _ transaction: Transaction
    ) async throws -> CommandTemplate? {
        guard let id = command.templateID else { return nil }
        do {
            return try await find(id, in: organization, transaction)
        } catch DeviceError.notFound {
            throw Problem.invalid("template_id", "is no command template of the organization")
        }
    }
}

private struct ReadingInterval: Decodable {
    let seconds: Int

    enum CodingKeys: String, CodingKey {
        case seconds = "reading_interval"
    }
}

private struct WantedFirmware: Decodable {
    let firmwareID: UUID?

    enum CodingKeys: String, CodingKey {
        case firmwareID = "firmware_id"
    }
}
