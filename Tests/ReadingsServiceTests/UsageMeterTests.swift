import FoundationEssentials
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct UsageMeterTests {
    @Test func `who asks about an unknown organization at the same time shares one question to the database`()
        async throws
    {
        let database = try await ReadingsServer.makeDatabase()
        let organization = UUID.v7()
        try await withClient(database.configuration(.readings)) { client in
            try await withClient(database.administrator) { administrator in
                let meter = UsageMeter(store: UsageStore(database: client), logger: Logger(label: "test"))
                try await withThrowingDiscardingTaskGroup { group in
                    try await administrator.withTransaction { transaction in
                        try await transaction.query("LOCK TABLE readings.monthly_usage IN ACCESS EXCLUSIVE MODE")
                        for _ in 0..<20 { group.addTask { try await meter.admit(organization) } }
                        try await eventually { meter.lookups.waitingCount(for: organization) == 19 }
                    }
                }
                #expect(meter.lookups.waitingCount(for: organization) == nil)
                #expect(meter.allows(organization))
            }
        }
    }
}
