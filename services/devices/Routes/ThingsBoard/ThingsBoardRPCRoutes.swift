import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// RPCs from the server to the device: commands, of which a poll takes one. The device has to answer, or else its
/// command goes out again when its lease is over.
struct ThingsBoardRPCRoutes: Sendable {
    private static let path = "\(ThingsBoard.root)/rpc"

    let commands: CommandStore
    let delivery: CommandDelivery
    let liveness: LivenessWriter
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .device, use: poll)
        routes.post("\(Self.path)/{id}", .device, use: answer)
    }

    @Sendable private func poll(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<RemoteCall> {
        let device = try context.device.id
        let patience = try ThingsBoard.patience(of: request)
        liveness.note([SignOfLife(deviceID: device, time: .now)])
        let leased = try await delivery.poll(
            by: device, with: Credentials(of: request.head), limit: 1, patience: patience)
        guard let command = leased.first else { throw ThingsBoard.nothingCame }
        return JSON(
            RemoteCall(
                id: try await commands.rpcID(of: command), method: command.order.type,
                params: command.order.parameters))
    }

    /// Whatever the device answers, it has done what it was to do.
    @Sendable private func answer(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (device, organization) = (try context.device.id, try context.organizationID)
        guard let number = Int(try context.parameter("id")) else { throw Problem.notFound() }
        let result = try await request.decode(as: AnyJSON.self, context: context)
        try validate { $0.json(result, "") }
        liveness.note([SignOfLife(deviceID: device, time: .now)])
        let id = try await commands.find(rpcID: number, of: device, in: organization)
        _ = try await commands.apply(
            CommandReport(event: .succeeded, result: result), to: id, of: device, in: organization, context.cause)
        announcer.committed()
        return Response(status: .ok)
    }
}

private struct RemoteCall: Encodable {
    let id: Int
    let method: String
    let params: [String: AnyJSON]
}
