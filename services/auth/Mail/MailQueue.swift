import Foundation
import Identity
import Kernel
import Postgres
import ServiceKit

/// Letters that are to be sent: written in the transaction of what they tell of, delivered by whichever instance claims
/// them.
struct MailQueue: Sendable {
    /// A letter that this instance is to send now.
    struct Due: Sendable {
        let id: UUID
        /// Nil for one that nobody can read any more.
        let letter: Letter?
        let isDecoy: Bool
        /// This one included.
        let attempts: Int
        let createdAt: Timestamp
    }

    /// How long a claimed letter is left to its claimant; longer than an attempt can take.
    private static let claimDuration = Duration.seconds(120)

    let database: PostgresClient
    let sealer: Sealer
    let wake: DeliveryWake

    /// Inserts a letter; to be run in the transaction of what it tells of, and followed by ``DeliveryWake/wake()``.
    ///
    /// - Parameter condition: The letter is a decoy where this is false.
    func insert(_ letter: Letter, if condition: SQL = "true") throws -> SQL {
        let id = UUID.v7()
        let sealed = try sealer.seal(JSONEncoder().encode(letter), context: Self.context(of: id))
        return "INSERT INTO auth.mail (id, sealed_letter, is_decoy) VALUES (\(id), \(sealed), NOT (\(condition)))"
    }

    /// Takes up to `limit` letters that are due. Should this instance die, they come due again.
    @Sendable func claim(limit: Int) async throws -> [Due] {
        let rows = try await database.query(
            """
            UPDATE auth.mail SET attempts = attempts + 1, due_at = \(Timestamp.now.adding(Self.claimDuration))
            WHERE id = ANY(ARRAY(
                SELECT id FROM auth.mail WHERE due_at <= now() ORDER BY due_at LIMIT \(limit)
                FOR UPDATE SKIP LOCKED))
            RETURNING id, sealed_letter, is_decoy, attempts, created_at
            """, as: .platform)
        return try rows.map { row in
            let (id, sealed, isDecoy, attempts, createdAt) = try row.decode(
                UUID.self, [UInt8].self, Bool.self, Int.self, Timestamp.self)
            let letter = try? JSONDecoder().decode(
                Letter.self, from: Data(sealer.open(sealed, context: Self.context(of: id))))
            return Due(id: id, letter: letter, isDecoy: isDecoy, attempts: attempts, createdAt: createdAt)
        }
    }

    /// Forgets a letter: it was sent, or never will be.
    func remove(_ id: UUID) async throws {
        _ = try await database.query("DELETE FROM auth.mail WHERE id = \(id)", as: .platform)
    }

    /// Leaves a letter for later.
    func postpone(_ id: UUID, until time: Timestamp) async throws {
        _ = try await database.query("UPDATE auth.mail SET due_at = \(time) WHERE id = \(id)", as: .platform)
    }

    private static func context(of id: UUID) -> String { "auth.mail \(id.text)" }
}
