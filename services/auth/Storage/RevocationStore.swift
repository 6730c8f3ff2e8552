import Identity
import Postgres

/// What has been revoked and could still be presented.
struct RevocationStore: Sendable {
    private static let pageSize = 1000

    let database: PostgresClient

    /// Inserts the row. Ids are given out under a lock that is held until the commit, so they become visible in their
    /// order.
    static func insert(_ revocation: Revocation) throws -> [SQL] {
        [
            "SELECT pg_advisory_xact_lock(hashtextextended('auth.revocations', 0))",
            """
            INSERT INTO auth.revocations (revocation, expires_at)
            VALUES (\(try JSONB(revocation)), \(Timestamp(microseconds: revocation.until)))
            """,
        ]
    }

    /// The revocations behind a row's id, the oldest first, without those that do not matter any more.
    func page(after id: Int) async throws -> RevocationPage {
        let rows = try await database.query(
            """
            SELECT id, revocation FROM auth.revocations WHERE id > \(id) AND expires_at > now()
            ORDER BY id LIMIT \(Self.pageSize)
            """, as: .platform)
        let last = try rows.last?.decode(Int.self) ?? id
        return RevocationPage(
            items: try rows.map { try $0.decode(JSONB.self, at: 1).decode() }, next: String(last))
    }
}
