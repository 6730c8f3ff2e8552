import EventBus
import Logging
import ServiceLifecycle

/// Deletes the organizations whose time has come. Any number of instances may run; each turn is one's.
struct OrganizationSweeper: Service {
    let end: OrganizationEnd
    let terms: DeletionTerms
    let announcer: RevocationAnnouncer
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await sweep()
                } catch is CancellationError {
                } catch {
                    logger.warning("organizations could not be deleted; trying again", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: terms.interval)
            }
        }
    }

    private func sweep() async throws {
        while let revocation = try await end.revokeNext() { await announcer.announce(revocation) }
        while try await end.deleteNext(settling: terms.settling) { end.outbox.wake() }
    }
}
