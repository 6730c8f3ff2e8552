import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let server = try await DevicesServer.shared()
        let served = server.http.routes.routes.map { "\($0.method.rawValue) \($0.path)" }.filter {
            $0.contains(" /api/")
        }
        let document = try await server.client.get("/openapi.yaml")
        #expect(document.status == 200)
        #expect(Set(operations(in: document.text)) == Set(served))
    }

    @Test func `operation ids are unique, and components begin with the service's name`() async throws {
        let text = try await DevicesServer.shared().client.get("/openapi.yaml").text
        let lines = text.split(separator: "\n")
        let ids = lines.filter { $0.contains("operationId:") }
        #expect(ids.count == operations(in: text).count)
        #expect(Set(ids).count == ids.count)
        let references = lines.compactMap { $0.split(separator: "'").first { $0.hasPrefix("#/components/") } }
        #expect(!references.isEmpty)
        for reference in Set(references) {
            let name = reference.split(separator: "/").last ?? ""
            #expect(name.hasPrefix("Devices"), "\(reference)")
            #expect(lines.contains { $0 == "    \(name):" }, "\(reference)")
        }
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
