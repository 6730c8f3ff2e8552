import Logging
import ServiceLifecycle

/// Deletes once an hour what is no longer needed; every instance may, at any time.
struct Housekeeping: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(3_600)

    let usage: UsageStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await usage.prune()
                } catch {
                    logger.warning("old ids could not be deleted", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
