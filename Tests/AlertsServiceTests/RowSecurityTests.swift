import TestKit
import Testing

@testable import AlertsService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await AlertsServer.shared().database
        // How far the streams were read; sealed answers, by who asked.
        #expect(try await database.tablesWithoutRowSecurity(of: .alerts) == ["checkpoints", "idempotency"])
    }
}
