import Postgres
import TestKit
import Testing

struct SharedCancellationTests {
    @Test func `a cancelled caller leaves at once; its statement runs on, and the others get their own answers`()
        async throws
    {
        let servers = try await TestServers.shared()
        try await TestDatabase.with { database in
            // One shared connection, so that all stand behind the statement that waits for the lock.
            try await withClient(database.administrator) { client in
                let others = try await client.withTransaction { holder in
                    try await holder.query("SELECT pg_advisory_xact_lock(71)")
                    let cancelled = Task { try await client.query("SELECT pg_advisory_xact_lock(71), 1::int8") }
                    let isRunning = { try await servers.isRunning("SELECT pg_advisory_xact_lock(71), 1::int8") }
                    try await eventually(isRunning)
                    let others = (2...9).map { number in
                        Task { try await client.query("SELECT \(number)")[0].decode(Int.self, at: 0) }
                    }
                    cancelled.cancel()
                    await #expect(throws: CancellationError.self) { try await cancelled.value }
                    #expect(try await isRunning())
                    let late = await #expect(throws: PostgresError.self) {
                        try await PostgresClient.$patience.withValue(.milliseconds(50)) {
                            _ = try await client.query("SELECT 10::int8")
                        }
                    }
                    #expect(late?.kind == .timedOut)
                    return others
                }
                for (number, other) in zip(2...9, others) { #expect(try await other.value == number) }
                #expect(try await client.query("SELECT 11::int8")[0].decode(Int.self, at: 0) == 11)
            }
        }
    }
}
