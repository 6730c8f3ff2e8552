import Logging
import ServiceKit
import ServiceLifecycle

/// Raises the severity of alerts that nobody has acknowledged in time.
///
/// Every instance runs one; each alert is one's for the length of a transaction, so it rises by one step at a time.
struct SeverityRaiser: ServiceLifecycle.Service, CustomStringConvertible {
    private static let batchSize = 200

    let life: AlertLife
    let announcer: AlertAnnouncer
    let logger: Logger

    var description: String { "severity raiser" }

    func run() async throws {
        await periodically(
            every: .seconds(1), orSay: "severities cannot be raised; trying again", to: logger, raiseOverdue)
    }

    @Sendable private func raiseOverdue() async throws {
        while true {
            let steps = try await life.raiseOverdue(Self.batchSize)
            await announcer.announce(steps)
            guard steps.count == Self.batchSize else { return }
        }
    }
}
