import EventBus
import Identity
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Reads the limits that billing has anew, at the start and then once an hour: what a version of billing or of this service
/// did not know of, such as a limit that there was not yet, is told by no event until the limits change.
struct LimitRenewal: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(3600)

    let projection: LimitProjection
    let billing: PeerClient
    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "limits could not be read anew; trying again", to: logger) {
            try await round()
        }
    }

    /// - Throws: What asking billing throws, `PostgresError`; then some may be as they were.
    func round() async throws {
        var cursor: String?
        repeat {
            let query = cursor.map { "?after=\($0)" } ?? ""
            guard let page: SnapshotPage = try await billing.get("/internal/v1/snapshot/limits\(query)") else { return }
            try await database.withTransaction(as: .platform) { transaction in
                for event in page.items { try await projection.apply(event, transaction) }
            }
            cursor = page.items.isEmpty ? nil : page.next
        } while cursor != nil
    }
}
