import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// Takes a CSV file of devices into the registry.
struct DeviceImportRoutes: Sendable {
    private static let options = RouteOptions(body: BodyRule(accepts: [.csv], limit: 1 << 20))

    let imports: DeviceImportStore
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/devices/import", .user(atLeast: .admin), Self.options, use: take)
    }

    /// All in one transaction: what is answered is there, and the answer has the only keys of the new devices.
    @Sendable private func take(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: context.maxUploadSize)
        let table = try DeviceTable(Array(body.readableBytesView))
        let organization = try context.organizationID
        let response = try await idempotency.create(
            request, context, as: .organization(organization)
        ) { transaction in
            let outcomes = try await imports.take(table.rows, in: organization, context.cause, transaction)
            return JSON(
                ImportReport(table, outcomes), status: .created, headers: [.cacheControl: "no-store"])
        }
        announcer.committed()
        return response
    }
}
