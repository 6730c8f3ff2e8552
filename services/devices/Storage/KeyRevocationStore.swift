import Foundation
import Identity
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// The keys that ended early, as other services read them while no message reaches them.
struct KeyRevocationStore: ServiceLifecycle.Service, CustomStringConvertible {
    /// How long, in seconds, a key might be known somewhere after it was revoked: as long as an event of it may be under
    /// way, since a projection goes on taking a key until it is told.
    static let longestKnown: TimeInterval = 7 * 86_400
    private static let pageSize = 1000
    private static let sweepInterval = Duration.seconds(3600)

    let database: PostgresClient
    let logger: Logger

    var description: String { "key-revocations" }

    /// Inserts the row, in the transaction that revokes the key. Ids are given out under a lock that is held until the
    /// commit, so they become visible in their order.
    static func insert(_ key: DeviceKey) -> [SQL] {
        [
            "SELECT pg_advisory_xact_lock(hashtextextended('devices.revocations', 0))",
            """
            INSERT INTO devices.revocations (organization_id, key_hash, expires_at)
            VALUES (\(key.organizationID), \(key.hash.bytes), now() + make_interval(secs => \(longestKnown)))
            """,
        ]
    }

    /// The revocations behind a row's id, the oldest first, without those that do not matter any more.
    ///
    /// - Throws: `PostgresError`.
    func page(after id: Int) async throws -> RevocationPage {
        let rows = try await database.query(
            """
            SELECT id, key_hash, revoked_at, expires_at FROM devices.revocations
            WHERE id > \(id) AND expires_at > now() ORDER BY id LIMIT \(Self.pageSize)
            """, as: .platform)
        let last = try rows.last?.decode(Int.self, at: 0) ?? id
        return RevocationPage(items: try rows.compactMap(Self.revocation), next: String(last))
    }

    private static func revocation(_ row: Row) throws -> Revocation? {
        let (_, bytes, at, end) = try row.decode(Int.self, [UInt8].self, Timestamp.self, Timestamp.self)
        guard let hash = SecretHash(bytes: bytes) else { return nil }
        return Revocation(.deviceKey(hash), at: at.microseconds, until: end.microseconds)
    }

    /// Deletes what does not matter any more, once an hour. Any number of instances may.
    func run() async throws {
        await periodically(every: Self.sweepInterval, orSay: "old revocations could not be deleted", to: logger) {
            _ = try await database.query("DELETE FROM devices.revocations WHERE expires_at < now()", as: .platform)
        }
    }
}
