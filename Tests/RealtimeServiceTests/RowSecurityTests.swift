import TestKit
import Testing

@testable import RealtimeService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await RealtimeServer.shared().service.database
        #expect(try await database.tablesWithoutRowSecurity(of: .realtime) == [])
    }
}
