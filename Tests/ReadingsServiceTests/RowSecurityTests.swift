import TestKit
import Testing

@testable import ReadingsService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await ReadingsServer.shared().service.database
        // Readings are reached by their series, which has it. A batch is of several organizations, and gone when it is
        // published.
        #expect(try await database.tablesWithoutRowSecurity(of: .readings) == ["batches", "readings"])
    }
}
