import Logging
import ServiceKit
import ServiceLifecycle

/// Makes the commands of bulk commands, and takes them back. Every instance runs one.
struct BulkWorker: ServiceLifecycle.Service, CustomStringConvertible {
    private static let pollInterval = Duration.seconds(1)

    let work: BulkWork
    let announcer: Announcer
    let logger: Logger

    var description: String { "bulk-commands" }

    func run() async throws {
        await periodically(
            every: Self.pollInterval, orSay: "a bulk command cannot be gone on with; trying again", to: logger
        ) {
            while let devices = try await work.takeStep() { await announcer.queued(for: devices) }
        }
    }
}
