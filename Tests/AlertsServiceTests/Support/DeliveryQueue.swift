import FoundationEssentials
import Identity
import Kernel
import Logging
import Outbound
import Postgres
import Synchronization
import TestKit

@testable import AlertsService

/// The queue of notifications in a database of its own, which nobody works at but the test.
struct DeliveryQueue: Sendable {
    let database: TestDatabase
    let client: PostgresClient
    let administrator: PostgresClient
    let organization = UUID.v7()

    static func with(_ body: @Sendable (DeliveryQueue) async throws -> Void) async throws {
        try await TestDatabase.with(migrations: [.alerts: AlertsService.description.migrations!]) { database in
            try await withClient(database.configuration(.alerts)) { client in
                try await withClient(database.administrator) { administrator in
                    try await body(
                        DeliveryQueue(database: database, client: client, administrator: administrator))
                }
            }
        }
    }

    var deliveries: DeliveryStore {
        DeliveryStore(database: client, outbox: .init(source: .alerts), mail: MailStore(perHour: 10))
    }

    /// An instance that delivers what it is told to.
    ///
    /// - Parameter logger: Is told of what could not be noted.
    func dispatcher(_ logger: Logger = Logger(label: "test")) async throws -> NotificationDispatcher {
        let environment = try await database.environment(
            for: .alerts, AlertsService.description, settings: ["LMS_WEBHOOK_ALLOW_PRIVATE": "true"])
        let sealer = Sealer(keys: try KeyRing(database.encodedSecretKey))
        return NotificationDispatcher(
            deliveries: deliveries, channels: ChannelStore(database: client, sealer: sealer),
            sender: ChannelSender(environment.configuration, client: HTTPClient()), logger: logger)
    }

    /// Makes a channel for which so many notifications are due, all of them for so long.
    func fill(_ count: Int, to url: String = "https://receiver.example", dueFor seconds: Int = 0) async throws -> UUID {
        let (channel, alert) = (UUID.v7(), UUID.v7())
        _ = try await administrator.batch([
            """
            INSERT INTO alerts.channels (id, organization_id, name, type, url)
            VALUES (\(channel), \(organization), 'Hook', 'webhook', \(url))
            """,
            """
            INSERT INTO alerts.alerts (
                id, organization_id, rule_id, rule_name, device_id, sensor_type, severity, message, value, reading_time,
                triggered_at, status, count, last_value, last_reading_time, version)
            VALUES (
                \(alert), \(organization), \(UUID.v7()), 'Too hot', \(UUID.v7()), 'temperature', 'high', 'hot', 31, now(),
                now(), 'active', 1, 31, now(), 1)
            """,
            """
            INSERT INTO alerts.notifications (
                id, organization_id, alert_id, channel_id, channel_name, event_type, body, due_at)
            SELECT gen_random_uuid(), \(organization), \(alert), \(channel), 'Hook', 'alert.triggered',
                '{"type": "alert.triggered", "data": {"severity": "high"}}',
                now() - make_interval(secs => \(Double(seconds)))
            FROM generate_series(1, \(count))
            """,
        ])
        return channel
    }

    /// Of the one notification that there is: where it stands, and all of its row.
    func notification() async throws -> (status: String, row: String) {
        let rows = try await administrator.query(
            "SELECT status, to_jsonb(notifications)::text FROM alerts.notifications")
        return try rows.only { try $0.decode(String.self, String.self) }
    }

    /// Lets the claims of what is under way end.
    func endClaims() async throws {
        _ = try await administrator.query("UPDATE alerts.notifications SET due_at = now() WHERE due_at IS NOT NULL")
    }
}

/// Counts what is logged.
final class LogCount: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock(\.self) }

    var logger: Logger { Logger(label: "test") { _ in Handler(count: self) } }

    private struct Handler: LogHandler {
        let count: LogCount
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            count.count.withLock { $0 += 1 }
        }
    }
}
