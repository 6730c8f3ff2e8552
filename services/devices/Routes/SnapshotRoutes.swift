import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// What this service has, told anew to those that may have missed it.
struct SnapshotRoutes: Sendable {
    let snapshots: SnapshotStore

    func add(to routes: inout RouteTable) {
        let options = RouteOptions(body: .none)
        routes.get("/internal/v1/snapshot/devices", .internalService, options) { request, _ in
            JSON(try await snapshots.devices(after: request.query().value("after", as: UUID.self)))
        }
        routes.get("/internal/v1/snapshot/keys", .internalService, options) { request, _ in
            let text = try request.query().value("after", as: String.self)
            return JSON(try await snapshots.keys(after: text.flatMap(SecretHash.init(hex:))))
        }
    }
}
