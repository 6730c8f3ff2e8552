import TestKit
import Testing

@testable import AuthService

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table, each with an id of its own`() async throws {
        let server = try await AuthServer.shared()
        let response = try await server.client().get("/openapi.yaml")
        let document = OpenAPIText(response.text)
        #expect(response.status == 200)
        #expect(Set(document.operations) == server.application.http.publicOperations)
        #expect(Set(document.operationIDs).count == document.operations.count)
    }
}
