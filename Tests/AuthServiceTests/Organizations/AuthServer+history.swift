import EventBus
import Foundation
import Kernel
import Postgres
import Redis
import TestKit

/// What the service keeps and tells of an organization's changes.
extension AuthServer {
    /// The types of the organization's rows in the audit log, but for those of sessions, by name.
    func audit(of organization: String) async throws -> [String] {
        try await query(
            """
            SELECT event_type FROM core.events WHERE organization_id = \(UUID(uuidString: organization))
                AND event_type NOT LIKE 'session.%'
            ORDER BY event_type
            """
        ).map { try $0.decode(String.self) }
    }

    /// What the newest row of a type says.
    func lastAudit(_ type: String, of organization: String) async throws -> JSONValue {
        let rows = try await query(
            """
            SELECT data FROM core.events
            WHERE organization_id = \(UUID(uuidString: organization)) AND event_type = \(type)
            ORDER BY id DESC LIMIT 1
            """)
        return try rows.first?.decode(JSONB.self).decode() ?? .null
    }

    /// Waits until the newest events of an organization are of these types, and returns them.
    @discardableResult
    func events(of organization: String, are types: [String]) async throws -> [Event] {
        try await withRedis { redis in
            try await eventually { () -> [Event]? in
                let events = try await redis.xrange(StreamName.events(.auth), count: 100_000)
                    .map { try Event(json: $0["event"] ?? []) }.filter { $0.organizationID?.text == organization }
                    .suffix(types.count)
                return events.map(\.type) == types ? Array(events) : nil
            }
        }
    }

    private func withRedis<Value: Sendable>(_ body: (RedisClient) async throws -> Value) async throws -> Value {
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        return try await body(redis)
    }
}
