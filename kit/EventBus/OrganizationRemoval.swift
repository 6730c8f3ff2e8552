import FoundationEssentials
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Deletes what a service holds of organizations that are no more, some rows at a time, so that no transaction is long.
///
/// What is to be done is a row of the service's own table, which the consumer of `organization.deleted` inserts:
///
/// ```sql
/// CREATE TABLE alerts.removals (
///     organization_id uuid PRIMARY KEY, begun_at timestamptz NOT NULL DEFAULT now(),
///     due_at timestamptz NOT NULL DEFAULT now());
/// ```
///
/// Any number of instances may run; each transaction is one instance's, and goes on where the one before ended. Eight days
/// later there is a second look, by when no stream holds an event any more that would bring rows back.
public struct OrganizationRemoval: ServiceLifecycle.Service {
    /// One part of what there is to delete.
    public struct Step: Sendable {
        /// Does a part of the work for an organization, as the platform role, and returns 0 when nothing was left to do.
        let work: @Sendable (UUID, Transaction) async throws -> Int

        public init(_ work: @escaping @Sendable (UUID, Transaction) async throws -> Int) {
            self.work = work
        }

        /// The rows of a table with the column `organization_id`, as far as `condition` holds.
        public static func rows(of table: SQL, where condition: SQL = "true") -> Step {
            Step { organization, transaction in
                try await transaction.query(
                    """
                    DELETE FROM \(table) WHERE ctid = ANY(ARRAY(
                        SELECT ctid FROM \(table) WHERE organization_id = \(organization) AND \(condition)
                        LIMIT \(OrganizationRemoval.batchSize)))
                    """
                ).affectedRows
            }
        }
    }

    /// At most so many rows go in one transaction.
    public static let batchSize = 2000
    private static let pollInterval = Duration.seconds(2)

    private let table: SQL
    private let steps: [Step]
    private let database: PostgresClient
    private let logger: Logger

    /// - Parameters:
    ///   - table: The service's table of removals.
    ///   - steps: What refers to something comes before it.
    public init(table: SQL, steps: [Step], database: PostgresClient, logger: Logger) {
        self.table = table
        self.steps = steps
        self.database = database
        self.logger = logger
    }

    /// Notes that the organization is no more; to be run in the transaction that applies the event.
    public func begin(_ organization: UUID) -> SQL {
        "INSERT INTO \(table) (organization_id) VALUES (\(organization)) ON CONFLICT (organization_id) DO NOTHING"
    }

    public func run() async throws {
        await periodically(
            every: Self.pollInterval, orSay: "an organization could not be deleted; trying again", to: logger
        ) {
            while try await takeStep() {}
        }
    }

    /// - Returns: Whether there may be more to do.
    private func takeStep() async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            // In no order, so that one that fails does not hold up the others.
            let rows = try await transaction.query(
                """
                SELECT organization_id FROM \(table) WHERE due_at <= now()
                ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED
                """)
            guard let organization = try rows.first?.decode(UUID.self) else { return false }
            for step in steps where try await step.work(organization, transaction) > 0 { return true }
            try await transaction.batch([
                """
                DELETE FROM \(table)
                WHERE organization_id = \(organization) AND begun_at <= now() - interval '8 days'
                """,
                "UPDATE \(table) SET due_at = begun_at + interval '8 days' WHERE organization_id = \(organization)",
            ])
            return true
        }
    }
}
