import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// The keys that tokens are signed with; the private halves are sealed.
struct SigningKeyStore: Sendable {
    let database: PostgresClient
    let sealer: Sealer
    let outbox: Outbox
    let terms: KeyTerms

    /// The keys in use, by when they sign from, the newest first. Makes the one that is due and retires those of which
    /// nothing can hold any more; of several instances that look at once only one does.
    ///
    /// - Throws: `PostgresError`, and `SealError` for a key that was sealed with another secret.
    func load() async throws -> [StoredKey] {
        let keys = try decode(try await database.query(Self.selection, as: .platform))
        guard isChangeDue(keys, at: .now) else { return keys }
        let changed = try await database.withTransaction(as: .platform) { transaction -> [StoredKey] in
            try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))")
            // Another instance may have done it while this one waited.
            try await change(try decode(try await transaction.query(Self.selection)), at: .now, transaction)
            return try decode(try await transaction.query(Self.selection))
        }
        outbox.wake()
        return changed
    }

    private func isChangeDue(_ keys: [StoredKey], at now: Timestamp) -> Bool {
        KeySchedule.additionDue(keys, terms, at: now) != nil
            || !KeySchedule.retirementsDue(keys, terms, at: now).isEmpty
    }

    private func change(_ keys: [StoredKey], at now: Timestamp, _ transaction: Transaction) async throws {
        if let occasion = KeySchedule.additionDue(keys, terms, at: now) {
            // Nobody waits for the first one's publication: there is no other to sign with.
            let key = StoredKey(
                id: .v7(), key: SigningKey(), signsFrom: occasion == .first ? now : now.adding(terms.publication),
                rotatesAt: nil)
            try await transaction.batch([
                insert(key), Self.audit("signing_key.added", key, by: occasion.actor),
                outbox.append(.signingKeyAdded(key)),
            ])
        }
        for key in KeySchedule.retirementsDue(keys, terms, at: now) {
            try await transaction.batch([
                """
                UPDATE auth.signing_keys SET retired_at = now(), sealed_private_key = '' WHERE kid = \(key.key.kid)
                """,
                Self.audit("signing_key.retired", key, by: KeySchedule.Occasion.due.actor),
                outbox.append(.signingKeyRetired(key)),
            ])
        }
    }

    private func insert(_ stored: StoredKey) throws -> SQL {
        let sealed = try sealer.seal(stored.key.rawRepresentation, context: Self.context(of: stored.key.kid))
        return """
            INSERT INTO auth.signing_keys (id, kid, sealed_private_key, signs_from)
            VALUES (\(stored.id), \(stored.key.kid), \(sealed), \(stored.signsFrom))
            """
    }

    private static func audit(_ type: String, _ key: StoredKey, by actor: String) throws -> SQL {
        try AuditEntry(
            type: type, entityID: key.id, organizationID: nil, actor: JSONB(["type": actor]),
            data: JSONB(SigningKeyData(key))
        ).insert
    }

    private static let selection: SQL = """
        SELECT id, kid, sealed_private_key, signs_from, rotates_at FROM auth.signing_keys WHERE retired_at IS NULL
        ORDER BY signs_from DESC, kid
        """

    private func decode(_ rows: Rows) throws -> [StoredKey] {
        try rows.map { row in
            let (id, kid, sealed, signsFrom, rotatesAt) = try row.decode(
                UUID.self, String.self, [UInt8].self, Timestamp.self, Timestamp?.self)
            let bytes = try sealer.open(sealed, context: Self.context(of: kid))
            return StoredKey(
                id: id, key: try SigningKey(rawRepresentation: bytes), signsFrom: signsFrom, rotatesAt: rotatesAt)
        }
    }

    private static func context(of kid: String) -> String { "auth.signing_keys \(kid)" }
}

extension KeySchedule.Occasion {
    /// Whom the audit log names.
    fileprivate var actor: String { self == .requested ? "operator" : "system" }
}
