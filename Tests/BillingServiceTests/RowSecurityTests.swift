import TestKit
import Testing

@testable import BillingService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await BillingServer.shared().database
        // What anybody can buy; which batches were counted, of several organizations each.
        #expect(try await database.tablesWithoutRowSecurity(of: .billing) == ["plans", "usage_batches"])
    }
}
