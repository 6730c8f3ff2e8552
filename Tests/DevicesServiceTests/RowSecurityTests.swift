import TestKit
import Testing

@testable import DevicesService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await DevicesServer.shared().service.database
        // Sealed answers, by who asked.
        #expect(try await database.tablesWithoutRowSecurity(of: .devices) == ["idempotency"])
    }
}
