import EventBus
import Logging
import ServiceKit
import ServiceLifecycle

/// Deletes the accounts and organizations whose time has come. Any number of instances may run; each turn is one's.
struct DeletionSweeper: Service {
    let accounts: AccountEnd
    let organizations: OrganizationEnd
    let terms: DeletionTerms
    let announcer: RevocationAnnouncer
    let logger: Logger

    func run() async throws {
        await periodically(
            every: terms.interval, orSay: "what is due could not be deleted; trying again", to: logger, sweep)
    }

    private func sweep() async throws {
        while let revocation = try await accounts.closeNext() {
            accounts.outbox.wake()
            await announcer.announce(revocation)
        }
        while let revocations = try await accounts.deleteNext(settling: terms.settling) {
            accounts.outbox.wake()
            for revocation in revocations { await announcer.announce(revocation) }
        }
        while let revocation = try await organizations.revokeNext() { await announcer.announce(revocation) }
        while try await organizations.deleteNext(settling: terms.settling) { organizations.outbox.wake() }
    }
}
