import TestKit
import Testing

@testable import ReadingsService

struct RowSecurityTests {
    @Test func `every table that holds something of an organization has row security`() async throws {
        let database = try await ReadingsServer.shared().service.database
        // Readings and their rollups are reached by their series, which has it. A batch is of several organizations, and
        // gone when it is published and noted.
        #expect(
            try await database.tablesWithoutRowSecurity(of: .readings) == [
                "batches", "readings", "rollup_1d", "rollup_1h", "rollup_1m", "rollup_progress", "stale_hours",
            ])
    }
}
