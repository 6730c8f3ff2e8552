import Foundation
import Hummingbird
import NIOCore
import ServiceKit

/// The routes that every service has, on its own port only.
struct StandardRoutes {
    private let environment: ServiceEnvironment
    private let openAPI: ByteBuffer?

    /// - Throws: what reading the document throws.
    init(environment: ServiceEnvironment, openAPI: URL?) throws {
        self.environment = environment
        self.openAPI = try openAPI.map { ByteBuffer(bytes: try Data(contentsOf: $0)) }
    }

    func add(to table: inout RouteTable) {
        let options = RouteOptions(body: .none, produces: [])
        table.get("/livez", .public, options) { _, _ in JSON(["status": "alive"]) }
        table.get("/readyz", .public, options) { [environment] _, _ in
            let readiness = await environment.health.readiness()
            return JSON(readiness, status: readiness.isReady ? .ok : .serviceUnavailable)
        }
        table.get("/metrics", .public, options) { [environment] _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: environment.metrics.exposition())))
        }
        guard let openAPI else { return }
        table.get("/openapi.yaml", .public, options) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: openAPI))
        }
    }
}
