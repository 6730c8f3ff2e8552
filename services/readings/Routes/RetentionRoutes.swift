import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// For how many days the readings of a device are kept, as far as its organization's plan leaves a choice.
struct RetentionRoutes: Sendable {
    private static let path = "/api/v1/devices/{id}/readings/retention"

    let retentions: RetentionStore
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .user(atLeast: .viewer, orGrant: true), use: show)
        routes.put(Self.path, .user(atLeast: .admin), use: replace)
        routes.delete(Self.path, .user(atLeast: .admin), use: delete)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Retention> {
        let device = try await devices.device(of: context)
        return JSON(try await retentions.find(device, in: try context.organizationID))
    }

    @Sendable private func replace(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Retention> {
        let device = try await devices.device(of: context)
        let days = try await request.decode(as: NewRetention.self, context: context).days
        try validate { $0.range(of: days, Retention.settableDays, "days") }
        return JSON(
            try await retentions.set(days, of: device, in: try context.organizationID, by: try context.user.id))
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await devices.device(of: context)
        _ = try await retentions.set(nil, of: device, in: try context.organizationID, by: try context.user.id)
        return Response(status: .noContent)
    }
}

private struct NewRetention: Decodable {
    let days: Int
}

extension RetentionExceedsPlan: ProblemConvertible {
    var problem: Problem {
        .limitReached("retention_days", "The plan keeps readings for \(planDays) days.")
    }
}
