import Foundation
import Identity
import Redis

/// Tickets, with which a client that can set no header opens a socket: good once, and not for long.
struct TicketStore: Sendable {
    static let lifetime = Duration.seconds(30)
    private static let kind = SecretToken.Kind(prefix: "lms_ticket_")

    let redis: RedisClient

    /// A ticket that stands for the user.
    ///
    /// - Throws: `RedisError`.
    func issue(to user: UserPrincipal) async throws -> String {
        let ticket = SecretToken(Self.kind)
        try await redis.set(
            Self.key(ticket.hash), to: Array(try JSONEncoder().encode(user)), expiry: Self.lifetime)
        return ticket.secret
    }

    /// The user whom the ticket stands for; nil for one that was used, is too old or never was.
    ///
    /// - Throws: `RedisError`.
    func redeem(_ text: String) async throws -> UserPrincipal? {
        guard let ticket = SecretToken(text, kind: Self.kind) else { return nil }
        let stored = try await redis.send(RedisCommand("GETDEL", Self.key(ticket.hash))).bytes
        return try stored.map { try JSONDecoder().decode(UserPrincipal.self, from: Data($0)) }
    }

    private static func key(_ hash: SecretHash) -> String { "lms:ticket:\(hash.hex)" }
}
