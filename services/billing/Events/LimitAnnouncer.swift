import Logging
import ServiceKit
import ServiceLifecycle

/// Tells other services of limits that have changed; every instance may, at any time.
///
/// An operator's change of a plan is that of all its subscribers, perhaps a hundred thousand, so it only marks them, and
/// they are told of here in transactions that stay small.
struct LimitAnnouncer: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(2)

    let subscriptions: SubscriptionStore
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "changed limits could not be told", to: logger) {
            while try await subscriptions.tellChanges() == SubscriptionStore.mostTold {}
        }
    }
}
