import Identity
import Postgres

/// The keys that tokens are signed with; the private halves are sealed.
struct SigningKeyStore: Sendable {
    let database: PostgresClient
    let sealer: Sealer

    /// The keys in use, the newest first. Makes the first one when there is none; of several instances that start at
    /// once only one does.
    ///
    /// - Throws: `PostgresError`, and `SealError` for a key that was sealed with another secret.
    func load() async throws -> [SigningKey] {
        let keys = try Self.decode(
            try await database.query(Self.selection, as: .platform), with: sealer)
        guard keys.isEmpty else { return keys }
        return try await createFirst()
    }

    private func createFirst() async throws -> [SigningKey] {
        try await database.withTransaction(as: .platform) { transaction -> [SigningKey] in
            try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))")
            let others = try Self.decode(try await transaction.query(Self.selection), with: sealer)
            guard others.isEmpty else { return others }
            let key = SigningKey()
            let sealed = try sealer.seal(key.rawRepresentation, context: Self.context(of: key.kid))
            try await transaction.query(
                "INSERT INTO auth.signing_keys (kid, sealed_private_key) VALUES (\(key.kid), \(sealed))")
            return [key]
        }
    }

    private static let selection: SQL = """
        SELECT kid, sealed_private_key FROM auth.signing_keys WHERE retired_at IS NULL
        ORDER BY created_at DESC, kid
        """

    private static func decode(_ rows: Rows, with sealer: Sealer) throws -> [SigningKey] {
        try rows.map { row in
            let (kid, sealed) = try row.decode(String.self, [UInt8].self)
            return try SigningKey(rawRepresentation: sealer.open(sealed, context: context(of: kid)))
        }
    }

    private static func context(of kid: String) -> String { "auth.signing_keys \(kid)" }
}
