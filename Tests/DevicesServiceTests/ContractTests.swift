import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let service = try await DevicesServer.shared().service
        #expect(try await service.documentedOperations() == service.servedOperations)
    }

    @Test func `operation ids are unique, and components begin with the service's name`() async throws {
        let service = try await DevicesServer.shared().service
        let lines = try await service.client.get("/openapi.yaml").text.split(separator: "\n")
        let ids = lines.filter { $0.contains("operationId:") }
        #expect(ids.count == service.servedOperations.count)
        #expect(Set(ids).count == ids.count)
        let references = Set(lines.compactMap { $0.split(separator: "'").first { $0.hasPrefix("#/components/") } })
        #expect(!references.isEmpty)
        for reference in references {
            let name = reference.split(separator: "/").last ?? ""
            #expect(name.hasPrefix("Devices"), "\(reference)")
            #expect(lines.contains { $0 == "    \(name):" }, "\(reference)")
        }
    }
}
