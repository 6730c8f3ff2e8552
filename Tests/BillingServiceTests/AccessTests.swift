import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import BillingService

/// Every route by everybody: who gets past it is what its declaration says, and nobody else.
@Suite struct AccessTests {
    /// What every service has on its own port.
    static let standard = ["/livez", "/readyz", "/metrics", "/openapi.yaml"]

    @Test func `every route admits whom it declares`() async throws {
        let server = try await BillingServer.shared()
        for route in server.http.routes.routes where !Self.standard.contains(route.path) {
            let method = HTTPMethod(rawValue: route.method.rawValue)
            #expect(try await server.anonymous.send(method, route.path).status == 401, "\(route.path)")
            for role in Role.allCases {
                let status = try await server.client(in: .v7(), as: role).send(method, route.path).status
                #expect(status == (route.access == .internalService ? 403 : 200), "\(route.path) as \(role)")
            }
            let outsider = try await server.client(in: nil, as: nil).send(method, route.path).status
            #expect(outsider == (route.access == .signedIn ? 200 : 403), "\(route.path)")
        }
    }

    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await BillingServer.shared()
        let deviations = try await server.http.scopeDeviations(by: server.anonymous) { route in
            [TokenScope(.billing, route.hasPrefix("GET ") ? .read : .write)]
        }
        #expect(deviations == [])
    }
}

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table, each with an id of its own`() async throws {
        let server = try await BillingServer.shared()
        let response = try await server.anonymous.get("/openapi.yaml")
        let document = OpenAPIText(response.text)
        #expect(response.status == 200)
        #expect(Set(document.operations) == server.http.publicOperations)
        #expect(Set(document.operationIDs).count == document.operations.count)
    }
}
