import Foundation
import TestKit
import Testing

@testable import AuthService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let server = try await AuthServer.shared()
        let served = server.application.http.routes.routes.map { "\($0.method.rawValue) \($0.path)" }.filter { name in
            let path = name.split(separator: " ")[1]
            return !path.hasPrefix("/internal/") && !path.hasPrefix("/static/")
                && !["/livez", "/readyz", "/metrics", "/openapi.yaml"].contains(path)
        }
        let document = try await server.client().get("/openapi.yaml")
        #expect(document.status == 200)
        #expect(Set(operations(in: document.text)) == Set(served))
    }

    @Test func `operation ids are unique`() async throws {
        let text = try await AuthServer.shared().client().get("/openapi.yaml").text
        let ids = text.split(separator: "\n").filter { $0.contains("operationId:") }
        #expect(ids.count == operations(in: text).count)
        #expect(Set(ids).count == ids.count)
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
