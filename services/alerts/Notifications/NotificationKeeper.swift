import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Looks after the notifications once an hour; every instance may, at any time.
struct NotificationKeeper: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(3_600)
    private static let batchSize = 2_000

    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "old notifications could not be deleted", to: logger) {
            try await release()
            while try await prune() == Self.batchSize {}
        }
    }

    /// Deletes notifications that were settled, with their attempts, 90 days after they were made.
    ///
    /// - Returns: How many; there may be more when a batch was full.
    func prune() async throws -> Int {
        try await database.query(
            """
            DELETE FROM alerts.notifications WHERE id = ANY(ARRAY(
                SELECT id FROM alerts.notifications
                WHERE status <> 'pending' AND created_at < now() - interval '90 days' LIMIT \(Self.batchSize)))
            """, as: .platform
        ).affectedRows
    }

    /// Lets go alone what was to go with a notification that was deleted together with its alert.
    func release() async throws {
        _ = try await database.query(
            """
            UPDATE alerts.notifications SET due_at = now(), delivery_id = NULL
            WHERE status = 'pending' AND due_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM alerts.notifications AS lead
                WHERE lead.delivery_id = notifications.delivery_id AND lead.due_at IS NOT NULL
                    AND lead.status = 'pending')
            """, as: .platform)
    }
}
