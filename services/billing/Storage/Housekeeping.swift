import Logging
import ServiceKit
import ServiceLifecycle

/// Deletes once an hour what is no longer needed; every instance may, at any time.
struct Housekeeping: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(3_600)

    let usage: UsageStore
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "old ids could not be deleted", to: logger, usage.prune)
    }
}
