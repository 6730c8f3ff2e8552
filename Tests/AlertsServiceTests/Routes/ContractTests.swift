import TestKit
import Testing

@testable import AlertsService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table, each with an id of its own`() async throws {
        let server = try await AlertsServer.shared()
        let response = try await server.anonymous.get("/openapi.yaml")
        let document = OpenAPIText(response.text)
        #expect(response.status == 200)
        #expect(Set(document.operations) == server.http.publicOperations)
        #expect(Set(document.operationIDs).count == document.operations.count)
    }
}
