import Postgres
import TestKit
import Testing

struct ConnectTimeoutTests {
    @Test func `a server that takes the connection and says nothing is an error once the connect time-out is over`()
        async throws
    {
        let listener = try LoopbackListener()
        defer { listener.close() }
        var configuration = try PostgresConfiguration(url: "postgres://somebody@127.0.0.1:\(listener.port)/nowhere")
        configuration.connectTimeout = .milliseconds(300)
        // So long that it is not by this that callers stop waiting.
        configuration.acquireTimeout = .seconds(600)
        try await withClient(configuration) { client in
            let start = ContinuousClock.now
            let single = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
            let inTransaction = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { _ = try await $0.query("SELECT 1") }
            }
            #expect(start.duration(to: .now) < .seconds(20))
            for error in [single, inTransaction] {
                #expect(error?.kind == .unavailable)
                #expect(error?.message == "PostgreSQL did not answer within \(client.configuration.connectTimeout)")
            }
        }
    }
}
