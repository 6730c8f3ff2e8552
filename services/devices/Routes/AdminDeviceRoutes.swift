import FoundationEssentials
import HTTPKit
import Hummingbird

/// `/api/v1/admin/devices`: the devices of all organizations, for superusers.
struct AdminDeviceRoutes: Sendable {
    let devices: DeviceStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/admin/devices", .superuser, RouteOptions(body: .none), use: list)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<Device> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let filter = try DeviceFilter(query)
        try validate { $0.length(of: filter.text, 1...200, "q") }
        let organizations = try query.values("organization_id", as: UUID.self)
        return try page.page(try await devices.list(filter, ofAll: organizations, page), key: \.id)
    }
}

extension DeviceFilter {
    /// The filters that a list of devices takes in its query.
    ///
    /// - Throws: 422 for a value that cannot be read.
    init(_ query: QueryParameters) throws(Problem) {
        self.init(
            ids: try query.values("id", as: UUID.self), statuses: try query.values("status", as: DeviceStatus.self),
            types: query.values("device_type"), projects: try query.values("project_id", as: UUID.self),
            tags: query.values("tag"), text: query["q"])
    }
}
