import Foundation
import Kernel
import Logging
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventBus

/// What is left of organizations that are no more goes bit by bit.
struct OrganizationRemovalTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let organization = UUID.v7()

    /// Runs `body` with a removal that runs, in a database with the tables `devices.removals` and `devices.things`.
    private func withRemoval(
        steps: [OrganizationRemoval.Step], _ body: (PostgresClient, OrganizationRemoval) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make()
        try await withClient(database.ownerConfiguration(.devices)) { owner in
            _ = try await owner.batch([
                """
                CREATE TABLE devices.removals (organization_id uuid PRIMARY KEY,
                    begun_at timestamptz NOT NULL DEFAULT now(), due_at timestamptz NOT NULL DEFAULT now())
                """,
                "CREATE TABLE devices.things (organization_id uuid NOT NULL, kind text NOT NULL)",
            ])
        }
        let client = PostgresClient(database.configuration(.devices))
        let removal = OrganizationRemoval(
            table: "devices.removals", steps: steps, database: client, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            for _ in 0..<2 { group.addTask { try await removal.run() } }
            defer { group.cancelAll() }
            try await body(client, removal)
        }
    }

    private func things(_ client: PostgresClient) async throws -> [String] {
        try await client.query("SELECT kind FROM devices.things ORDER BY kind", as: .platform)
            .map { try $0.decode(String.self) }
    }

    @Test func `the rows of one organization go, in transactions of bounded size, and no others`() async throws {
        let sizes = Mutex<[Int]>([])
        let counted = OrganizationRemoval.Step { organization, transaction in
            let rows = OrganizationRemoval.Step.rows(of: "devices.things", where: "kind <> 'kept'")
            let count = try await rows.work(organization, transaction)
            sizes.withLock { $0.append(count) }
            return count
        }
        try await withRemoval(steps: [counted]) { client, removal in
            let count = OrganizationRemoval.batchSize * 2 + 1
            _ = try await client.batch(
                [
                    """
                    INSERT INTO devices.things SELECT \(organization), 'thing' FROM generate_series(1, \(count))
                    """,
                    "INSERT INTO devices.things VALUES (\(organization), 'kept'), (\(UUID.v7()), 'other')",
                    removal.begin(organization),
                    removal.begin(organization),
                ], as: .platform)
            try await eventually(within: .seconds(20)) { try await things(client) == ["kept", "other"] }
        }
        let found = sizes.withLock(\.self).filter { $0 > 0 }
        #expect(found.sorted() == [1, OrganizationRemoval.batchSize, OrganizationRemoval.batchSize])
    }

    @Test func `what comes late goes with a second look, which is the last`() async throws {
        try await withRemoval(steps: [.rows(of: "devices.things")]) { client, removal in
            _ = try await client.query(removal.begin(organization), as: .platform)
            try await eventually(within: .seconds(20)) {
                try await client.query("SELECT 1 FROM devices.removals WHERE due_at > now()", as: .platform).count == 1
            }
            _ = try await client.batch(
                [
                    "INSERT INTO devices.things VALUES (\(organization), 'late')",
                    """
                    UPDATE devices.removals
                    SET begun_at = begun_at - interval '8 days', due_at = due_at - interval '8 days'
                    """,
                ], as: .platform)
            try await eventually(within: .seconds(20)) {
                try await client.query("SELECT 1 FROM devices.removals", as: .platform).count == 0
            }
            let left = try await things(client)
            #expect(left == [])
        }
    }
}
