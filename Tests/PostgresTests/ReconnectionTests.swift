import Postgres
import TestKit
import Testing

struct ReconnectionTests {
    @Test func `what is asked while the server restarts fails, and the same client goes on afterwards`() async throws {
        let servers = try await TestServers.start()
        let postgres = try #require(servers.postgres)
        try await withClient(servers.administrator) { client in
            // One shared connection and one for leases, which both break.
            _ = try await client.query("SELECT 1")
            try await client.withTransaction { _ = try await $0.query("SELECT 1") }
            await postgres.stop()
            for _ in 0..<3 {
                let single = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
                #expect(single?.isUnavailability == true)
                let inTransaction = await #expect(throws: PostgresError.self) {
                    try await client.withTransaction { _ = try await $0.query("SELECT 1") }
                }
                #expect(inTransaction?.isUnavailability == true)
            }
            try await postgres.start()
            try await eventually { try await client.query("SELECT 1").count == 1 }
            let rows = try await client.withTransaction { try await $0.query("SELECT 1").count }
            #expect(rows == 1)
        }
        await servers.stop()
    }

    @Test func `a client that is turned away comes back later and later`() async throws {
        let listener = try LoopbackListener()
        defer { listener.close() }
        // Without these libpq makes several connections of each attempt.
        let options = "sslmode=disable&gssencmode=disable"
        let configuration = try PostgresConfiguration(
            url: "postgres://somebody@127.0.0.1:\(listener.port)/nowhere?\(options)")
        let attempts = try await withClient(configuration) { _ in
            var attempts: [ContinuousClock.Instant] = []
            try await eventually(within: .seconds(60), every: .milliseconds(1)) {
                if let time = listener.turnAway() { attempts.append(time) }
                return attempts.count == 6
            }
            return attempts
        }
        // The shortest pauses of a `Backoff`, but for a millisecond by which a timer may be early.
        var shortest = Duration.milliseconds(25)
        for (time, next) in zip(attempts, attempts.dropFirst()) {
            #expect(time.duration(to: next) > shortest - .milliseconds(1))
            shortest *= 2
        }
    }
}
