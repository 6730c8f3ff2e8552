import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Deletes, once an hour, what the dashboard does not show any more.
struct Retention: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(3600)
    private static let age = Duration.seconds(30 * 86_400)

    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "old activity could not be deleted", to: logger) {
            try await deleteOld(at: .now)
        }
    }

    /// - Throws: `PostgresError`.
    func deleteOld(at now: Timestamp) async throws {
        let time = now.adding(.zero - Self.age)
        _ = try await database.query("DELETE FROM realtime.activity WHERE happened_at < \(time)", as: .platform)
        _ = try await database.query("DELETE FROM realtime.members WHERE removed_at < \(time)", as: .platform)
        _ = try await database.query(
            "DELETE FROM realtime.forgotten_users WHERE forgotten_at < \(time)", as: .platform)
        _ = try await database.query(
            """
            DELETE FROM realtime.alerts
            WHERE triggered_at < \(time) AND status NOT IN ('active', 'acknowledged')
            """, as: .platform)
    }
}
