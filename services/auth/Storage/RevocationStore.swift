import Identity
import Postgres

/// What has been revoked and could still be presented.
struct RevocationStore: Sendable {
    private static let pageSize = 1000
    /// A token's end is rounded to a second, so it may be a little later than a lifetime from now.
    private static let leeway = Duration.seconds(60)

    let database: PostgresClient

    /// Voids what was issued so far, in the transaction of what makes it void.
    ///
    /// It comes behind the statements that lock what credentials are made from (``UserLock``). The time is the
    /// database's, as that of issuing is, so what was issued before the lock was had is older and what is issued after
    /// the commit is younger, whatever the clocks of instances say. Ids and times are given out under a lock that is held
    /// until the commit, so they become visible in their order.
    ///
    /// - Parameter lifetime: That of the longest-lived credential that it voids.
    /// - Returns: What is to be announced after the commit.
    static func insert(
        _ subjects: [Revocation.Subject], lasting lifetime: Duration, _ transaction: Transaction
    ) async throws -> [Revocation] {
        guard !subjects.isEmpty else { return [] }
        let lock: SQL = "SELECT pg_advisory_xact_lock(hashtextextended('auth.revocations', 0))"
        let rows = try await transaction.batch([lock] + subjects.map { try statement($0, lasting: lifetime) })
        return try rows.dropFirst().joined().map { try $0.decode(JSONB.self).decode() }
    }

    /// Voids one thing likewise.
    static func insert(
        _ subject: Revocation.Subject, lasting lifetime: Duration, _ transaction: Transaction
    ) async throws -> Revocation {
        guard let revocation = try await insert([subject], lasting: lifetime, transaction).first else {
            throw DecodingFailure.noSuchColumn(0)
        }
        return revocation
    }

    private static func statement(_ subject: Revocation.Subject, lasting lifetime: Duration) throws -> SQL {
        let length = (lifetime + leeway).components.seconds * 1_000_000
        return """
            INSERT INTO auth.revocations (revocation, expires_at)
            SELECT \(try JSONB(Revocation(subject, at: 0, until: 0)))
                    || jsonb_build_object('at', clock.at, 'until', clock.at + \(length)),
                to_timestamp((clock.at + \(length)) / 1000000)
            FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS clock (at)
            RETURNING revocation
            """
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
