import Foundation
import Identity
import Logging
import Redis

/// Makes a revocation that has been committed hold: here at once, in every other process when Redis has told it.
struct RevocationAnnouncer: Sendable {
    let revocations: Revocations
    let redis: RedisClient
    let logger: Logger

    /// Without Redis the others find it at `/internal/v1/revocations`, which they then ask four times a second.
    func announce(_ revocation: Revocation) async {
        revocations.insert(revocation)
        do {
            let message = try Array(JSONEncoder().encode(revocation))
            try await redis.publish(message, to: Revocation.channel)
        } catch {
            logger.warning("a revocation could not be announced", metadata: ["error": "\(error)"])
        }
    }
}
