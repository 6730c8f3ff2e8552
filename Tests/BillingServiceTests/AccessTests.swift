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
                #expect(status == 200, "\(route.path) as \(role)")
            }
            let outsider = try await server.client(in: nil, as: nil).send(method, route.path).status
            #expect(outsider == (route.access == .signedIn ? 200 : 403), "\(route.path)")
        }
    }
}

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let server = try await BillingServer.shared()
        let served = server.http.routes.routes.filter { !AccessTests.standard.contains($0.path) }
            .map { "\($0.method.rawValue) \($0.path)" }
        let document = try await server.anonymous.get("/openapi.yaml")
        #expect(document.status == 200)
        #expect(operations(in: document.text).sorted() == served.sorted())
    }

    /// The methods under `paths`, which the document indents by two and four spaces.
    private func operations(in document: String) -> [String] {
        var operations: [String] = []
        var path: Substring?
        for line in document.split(separator: "\n") {
            let indentation = line.prefix { $0 == " " }.count
            let key = line.dropFirst(indentation).prefix { $0 != ":" }
            switch indentation {
            case 0: path = nil
            case 2: path = key.hasPrefix("/") ? key : nil
            case 4:
                if let path, ["get", "put", "post", "patch", "delete"].contains(key) {
                    operations.append("\(key.uppercased()) \(path)")
                }
            default: break
            }
        }
        return operations
    }
}
