import TestKit
import Testing

@testable import AlertsService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let server = try await AlertsServer.shared()
        let served = server.http.routes.routes.filter { !AccessTests.standard.contains($0.path) }
            .map { "\($0.method.rawValue) \($0.path)" }
        let document = try await server.anonymous.get("/openapi.yaml")
        #expect(document.status == 200)
        #expect(operations(in: document.text).sorted() == served.sorted())
    }

    @Test func `operation ids are unique`() async throws {
        let text = try await AlertsServer.shared().anonymous.get("/openapi.yaml").text
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
