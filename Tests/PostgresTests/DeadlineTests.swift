import Postgres
import TestKit
import Testing

@testable import Reactor

struct DeadlineTests {
    /// Looks at a reactor from its own thread.
    private actor Observer {
        nonisolated let unownedExecutor: UnownedSerialExecutor
        private let reactor: Reactor

        init(_ reactor: Reactor) {
            self.reactor = reactor
            unownedExecutor = reactor.asUnownedSerialExecutor()
        }

        var timers: Int { reactor.timerCount }
    }

    @Test func `a server that stands still is an error in time, then at once, and is used again when it goes on`()
        async throws
    {
        let servers = try await TestServers.start()
        let postgres = try #require(servers.postgres)
        var configuration = servers.administrator
        configuration.requestTimeout = .seconds(1)
        configuration.connectTimeout = .seconds(1)
        try await withClient(configuration) { client in
            // A second may be too short on a machine that is busy.
            let isAnswered = { (try? await client.query("SELECT 1"))?.count == 1 }
            try await eventually { await isAnswered() }
            try await postgres.whileFrozen {
                let first = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
                #expect(first?.kind == .timedOut)
                #expect(first?.isUnavailability == true)
                try await eventually {
                    let next = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
                    return next?.kind == .unavailable
                }
            }
            try await eventually { await isAnswered() }
        }
        await servers.stop()
    }

    @Test func `a transaction of a cancelled task ends although the server cannot be told`() async throws {
        let servers = try await TestServers.start()
        let postgres = try #require(servers.postgres)
        var configuration = servers.administrator
        configuration.requestTimeout = .seconds(3)
        try await withClient(configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: PostgresError.self) {
                        try await client.withTransaction { _ = try await $0.query("SELECT pg_sleep(62)") }
                    }
                }
                try await eventually { try await servers.isRunning("SELECT pg_sleep(62)") }
                try await postgres.whileFrozen {
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
        await servers.stop()
    }

    @Test func `one who will not wait long fails alone behind one who will`() async throws {
        let servers = try await TestServers.shared()
        try await withClient(servers.administrator) { client in
            async let slow = client.query("SELECT pg_sleep(3), 7::int8")
            // Behind it on the one connection there is.
            try await eventually { try await servers.isRunning("SELECT pg_sleep(3), 7::int8") }
            let hasty = await #expect(throws: PostgresError.self) {
                try await PostgresClient.$patience.withValue(.milliseconds(50)) {
                    _ = try await client.query("SELECT 1")
                }
            }
            #expect(hasty?.kind == .timedOut)
            #expect(try await slow[0].decode(Int.self, at: 1) == 7)
            // Its own result has not been taken for the next one's.
            #expect(try await client.query("SELECT 2::int8")[0].decode(Int.self, at: 0) == 2)
        }
    }

    @Test func `the server stops what nobody waits for any more`() async throws {
        let servers = try await TestServers.shared()
        try await withClient(servers.administrator) { client in
            let late = await #expect(throws: PostgresError.self) {
                try await PostgresClient.$patience.withValue(.milliseconds(300)) {
                    _ = try await client.query("SELECT pg_sleep(61)")
                }
            }
            #expect(late?.kind == .timedOut)
            try await eventually { try await !servers.isRunning("SELECT pg_sleep(61)") }
        }
    }

    @Test func `requests one after the other cost one timer, not one each`() async throws {
        let reactor = Reactor()
        var configuration = try await TestServers.shared().administrator
        configuration.pipelinedConnections = 1
        let client = PostgresClient(configuration, reactor: reactor)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            _ = try await client.query("SELECT 1")
            let before = await Observer(reactor).timers
            for _ in 0..<50 { _ = try await client.query("SELECT 1") }
            #expect(await Observer(reactor).timers <= before)
        }
    }
}

extension TestServers {
    /// Whether a connection of these servers runs `statement`.
    func isRunning(_ statement: String) async throws -> Bool {
        try await withClient(administrator) { client in
            try await !client.query(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = \(statement)"
            ).isEmpty
        }
    }
}
