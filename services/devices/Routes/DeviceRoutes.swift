import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// The registry: `/api/v1/devices` and `/api/v1/devices/{id}`.
struct DeviceRoutes: Sendable {
    let devices: DeviceStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/devices", .user(atLeast: .admin), use: register)
        routes.get(
            "/api/v1/devices", .user(atLeast: .viewer, orGrant: true),
            RouteOptions(body: .none, produces: [.json, .csv]), use: list)
        routes.get("/api/v1/devices/{id}", .userOrDevice(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/devices/{id}", .user(atLeast: .admin, orGrant: true), use: replace)
        routes.patch("/api/v1/devices/{id}", .user(atLeast: .admin, orGrant: true), use: change)
        routes.delete("/api/v1/devices/{id}", .user(atLeast: .admin, orGrant: true), use: delete)
    }

    @Sendable private func register(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let organization = try context.organizationID
        let response = try await idempotency.create(
            DeviceChanges.self, request, context, as: .organization(organization)
        ) { changes, transaction in
            let registration = try await devices.register(
                try changes.newProfile(), in: organization, context.cause, transaction)
            let device = registration.device
            return JSON(
                RegisteredDevice(device: device, apiKey: registration.key.secret), status: .created,
                version: device.version, location: "/api/v1/devices/\(device.id.text)",
                headers: [.cacheControl: "no-store"])
        }
        announcer.committed()
        return response
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        var selected = try DeviceFilter(query)
        selected.visibility = try context.user.deviceVisibility
        let filter = selected
        let organization = try context.organizationID
        switch try request.listFormat() {
        case .json:
            let found = try await devices.list(filter, in: organization, page)
            return try page.page(found, key: \.id).response(from: request, context: context)
        case .csv:
            return try CSVResponse(
                "devices", header: DeviceColumn.allCases.map(\.rawValue), order: page.order, key: \.id, row: CSVRow.init
            ) { try await devices.list(filter, in: organization, $0) }
            .response(from: request, context: context)
        }
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Device> {
        let device = try await access.device(context, atLeast: .viewer)
        return JSON(device, version: device.version)
    }

    @Sendable private func replace(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Device> {
        try await update(request, context) { try $1.replacing($0) }
    }

    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Device> {
        try await update(request, context) { try $1.applied(to: $0) }
    }

    private func update(
        _ request: Request, _ context: AppRequestContext,
        _ profile: (DeviceProfile, DeviceChanges) throws -> DeviceProfile
    ) async throws -> JSON<Device> {
        let current = try await access.device(context, atLeast: .admin)
        let changes = try await request.decode(as: DeviceChanges.self, context: context)
        let device = try await devices.update(
            current.id, in: current.organizationID, ifMatch: request.versionsToMatch, context.cause
        ) { device in
            (try profile(device.profile, changes), changes.status(after: device.status))
        }
        if device.version != current.version { announcer.committed() }
        return JSON(device, version: device.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await access.device(context, atLeast: .admin)
        try await devices.delete(
            device.id, in: device.organizationID, ifMatch: request.versionsToMatch, context.cause)
        announcer.committed()
        return Response(status: .noContent)
    }
}

/// The answer to a registration: the device with its key, this once.
private struct RegisteredDevice: Encodable {
    let device: Device
    let apiKey: String

    enum CodingKeys: String, CodingKey {
        case apiKey = "api_key"
    }

    func encode(to encoder: any Encoder) throws {
        try device.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(apiKey, forKey: .apiKey)
    }
}
