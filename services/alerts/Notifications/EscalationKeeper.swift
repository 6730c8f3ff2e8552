import Logging
import ServiceKit
import ServiceLifecycle

/// Has alerts told again, and to others, for as long as nobody has acknowledged them. Every instance may, at any time:
/// each takes what no other is just looking at.
struct EscalationKeeper: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(1)

    let escalations: EscalationStore
    let dispatcher: DeliveryWake
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "alerts could not be told again", to: logger) {
            var count = 0
            repeat {
                count = try await escalations.tellDue()
                if count > 0 { dispatcher.wake() }
            } while count == EscalationStore.batchSize
        }
    }
}
