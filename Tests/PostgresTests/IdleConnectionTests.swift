import FoundationEssentials
import Postgres
import TestKit
import Testing

struct IdleConnectionTests {
    private func configuration(named name: String) async throws -> PostgresConfiguration {
        var configuration = try await TestServers.shared().administrator
        configuration.applicationName = name
        return configuration
    }

    @Test func `a connection that nobody uses is closed in time, one that is in use and the shared one stay`()
        async throws
    {
        let name = "idle \(UUID())"
        var configuration = try await configuration(named: name)
        configuration.leaseIdleTime = .milliseconds(200)
        let (watched, administrator) = try await (configuration, TestServers.shared().administrator)
        try await withClient(administrator) { observer in
            try await withClient(watched) { client in
                let shared = try await client.query(ownProcess).processes
                try await client.withTransaction { holder in
                    let held = try await holder.query(ownProcess).processes
                    let idle = try await client.withTransaction { try await $0.query(ownProcess).processes }
                    #expect(shared.union(held).union(idle).count == 3)
                    try await eventually { try await observer.processes(of: name) == shared.union(held) }
                    #expect(try await holder.query(ownProcess).processes == held)
                }
                try await eventually { try await observer.processes(of: name) == shared }
                #expect(try await client.query(ownProcess).processes == shared)
                // A new one is opened for who needs one.
                let anew = try await client.withTransaction { try await $0.query(ownProcess).processes }
                #expect(anew.count == 1 && anew != shared)
            }
        }
    }

    @Test func `until then it is leased again`() async throws {
        let name = "leased again \(UUID())"
        try await withClient(configuration(named: name)) { client in
            var processes: Set<Int32> = []
            for _ in 0..<5 {
                try await client.withTransaction { processes.formUnion(try await $0.query(ownProcess).processes) }
            }
            #expect(processes.count == 1)
            // Itself and the shared one: no more were opened and closed beside them.
            #expect(try await client.processes(of: name).count == 2)
        }
    }
}

private let ownProcess: SQL = "SELECT pg_backend_pid()"

extension Rows {
    fileprivate var processes: Set<Int32> {
        get throws { Set(try map { try $0.decode(Int32.self, at: 0) }) }
    }
}

extension PostgresClient {
    /// The server's processes for the connections of the application called `name`.
    fileprivate nonisolated func processes(of name: String) async throws -> Set<Int32> {
        try await query("SELECT pid FROM pg_stat_activity WHERE application_name = \(name)").processes
    }
}
