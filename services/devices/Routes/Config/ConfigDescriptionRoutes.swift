import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// What the configurations of each type of device may hold. A description is checked against from then on; configurations
/// that are there already stay as they are.
struct ConfigDescriptionRoutes: Sendable {
    private static let path = "/api/v1/devices/config-descriptions"

    let descriptions: ConfigDescriptionStore

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .user(atLeast: .viewer), use: list)
        routes.get("\(Self.path)/{device_type}", .user(atLeast: .viewer), use: show)
        routes.put("\(Self.path)/{device_type}", .user(atLeast: .admin), use: replace)
        routes.delete("\(Self.path)/{device_type}", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<ConfigDescriptionStore.Entry> {
        let page = try request.query().page(of: String.self)
        return try page.page(try await descriptions.list(in: context.organizationID, page), key: \.deviceType)
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ConfigDescriptionStore.Entry> {
        let type = try context.parameter("device_type")
        guard let entry = try await descriptions.find(type, in: context.organizationID) else {
            throw Problem.notFound()
        }
        return JSON(entry, version: entry.version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<ConfigDescriptionStore.Entry> {
        let type = try context.parameter("device_type")
        let description = try await request.decode(as: NewDescription.self, context: context).description
        try validate { errors in
            errors.token(type, "device_type")
            errors.json(description, "description")
            _ = ValueDescription(description, at: "description", errors: &errors)
        }
        let entry = try await descriptions.replace(
            type, in: context.organizationID, with: description, ifMatch: request.versionsToMatch, context.cause)
        return JSON(entry, version: entry.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await descriptions.delete(
            try context.parameter("device_type"), in: context.organizationID, ifMatch: request.versionsToMatch,
            context.cause)
        return Response(status: .noContent)
    }
}

private struct NewDescription: Decodable {
    let description: AnyJSON
}

extension ConfigDescriptionStore.Entry {
    /// Notes in what `settings` are not as this describes.
    func check(_ settings: [String: AnyJSON], at path: String, _ errors: inout Validation) {
        // It was checked itself before it was kept.
        var none = Validation()
        ValueDescription(description, at: path, errors: &none).check(.object(settings), at: path, &errors)
    }
}
