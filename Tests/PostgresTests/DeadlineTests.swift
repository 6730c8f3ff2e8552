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
