import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What was stored, read back: of one device, or of the organization.
struct QueryRoutes: Sendable {
    private static let maximumLatest = 1000

    let queries: ReadingQueries
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/readings", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            try await range(request, context, devices: [device(of: context)])
        }
        routes.get("/api/v1/devices/{id}/readings/latest", .userOrDevice(atLeast: .viewer, orGrant: true)) {
            request, context in
            try await latest(request, context, devices: [device(of: context)])
        }
        routes.get("/api/v1/readings", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await range(request, context, devices: request.query().values("device_id", as: UUID.self))
        }
        routes.get("/api/v1/readings/latest", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await latest(request, context, devices: request.query().values("device_id", as: UUID.self))
        }
    }

    /// The device of the path, if the caller may see it.
    ///
    /// - Throws: 404 for one that does not exist, of another organization, that no grant of the user's names, or another
    ///   than the calling device.
    private func device(of context: AppRequestContext) async throws -> UUID {
        let id = try context.id()
        if let caller = context.principal?.device, caller.id != id { throw Problem.notFound() }
        let isThere = try await devices.contains(
            id, visibleBy: context.deviceVisibility, organization: context.organizationID)
        guard isThere else { throw Problem.notFound() }
        return id
    }

    private func range(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> Page<ReadingView> {
        let query = try request.query()
        let page = try query.page(of: ReadingQueries.Position.self)
        let filter = ReadingQueries.Filter(
            devices: devices, sensorTypes: query.values("sensor_type"), visibility: context.deviceVisibility)
        let readings = try await queries.range(
            filter, query.timeRange(), page, organization: context.organizationID)
        return try page.page(readings, key: \.position, item: \.reading)
    }

    private func latest(
        _ request: Request, _ context: AppRequestContext, devices: [UUID]
    ) async throws -> Page<ReadingView> {
        let query = try request.query()
        let limit = try query.value("limit", in: 1...Self.maximumLatest) ?? Self.maximumLatest
        let filter = ReadingQueries.Filter(
            devices: devices, sensorTypes: query.values("sensor_type"), visibility: context.deviceVisibility)
        let readings = try await queries.latest(filter, limit: limit, organization: context.organizationID)
        return Page(items: readings, nextCursor: nil)
    }
}

extension AppRequestContext {
    /// A device has been let through for its own readings.
    fileprivate var deviceVisibility: DeviceVisibility { principal?.user?.deviceVisibility ?? .all }
}
