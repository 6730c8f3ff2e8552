import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// `/api/v1/devices/{id}/commands` as devices use it, to take commands and to report on them; people see the history.
struct DeviceCommandRoutes: Sendable {
    static let path = "/api/v1/devices/{id}/commands"

    let commands: CommandStore
    let delivery: CommandDelivery
    let access: DeviceAccess
    let liveness: LivenessWriter
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .userOrDevice(atLeast: .viewer, orGrant: true), use: list)
        routes.put("\(Self.path)/{command_id}", .device, use: report)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<Command> {
        let query = try request.query()
        if context.principal?.device != nil { return try await poll(request, context) }
        let device = try await access.device(context, atLeast: .viewer)
        let filter = CommandFilter(
            devices: [device.id], statuses: try query.values("status", as: CommandStatus.self),
            types: query.values("command_type"))
        return try await commands.page(try query.page(of: UUID.self), filter, in: device.organizationID)
    }

    private func poll(_ request: Request, _ context: AppRequestContext) async throws -> Page<Command> {
        let id = try DeviceAccess.ownID(context)
        let poll = try CommandPollQuery(request.query())
        liveness.note([SignOfLife(deviceID: id, time: .now)])
        let leased = try await delivery.poll(
            by: id, with: Credentials(of: request.head), limit: poll.limit, patience: poll.patience)
        return Page(items: leased, nextCursor: nil)
    }

    @Sendable private func report(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Command> {
        let device = try DeviceAccess.ownID(context)
        let report = try await request.decode(as: CommandReportBody.self, context: context).report()
        liveness.note([SignOfLife(deviceID: device, time: .now)])
        let command = try await commands.apply(
            report, to: try context.id("command_id"), of: device, in: try context.organizationID, context.cause)
        announcer.committed()
        return JSON(command, version: command.version)
    }
}
