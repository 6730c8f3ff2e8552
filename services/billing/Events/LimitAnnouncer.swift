import FoundationEssentials
import Logging
import ServiceKit
import ServiceLifecycle

/// Tells other services of limits that have changed, and gateways of rates; every instance may, at any time.
///
/// An operator's change of a plan is that of all its subscribers, perhaps a hundred thousand, so it only marks them, and
/// they are told of here in transactions that stay small. Rates are written after that, each marked by itself, since Redis
/// may be away; what it has lost is written anew.
struct LimitAnnouncer: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(2)

    let subscriptions: SubscriptionStore
    let rates: RequestRates
    let logger: Logger

    func run() async throws {
        await withTaskGroup { group in
            group.addTask {
                await periodically(every: Self.interval, orSay: "changed limits could not be told", to: logger) {
                    while try await subscriptions.tellChanges() == SubscriptionStore.mostTold {}
                }
            }
            group.addTask {
                await periodically(every: Self.interval, orSay: "rates could not be written for gateways", to: logger) {
                    try await showRates()
                }
            }
        }
    }

    private func showRates() async throws {
        guard rates.isReachable else { return }
        if try await rates.areDue() {
            try await rates.writeAll {
                var last: UUID?
                repeat { last = try await subscriptions.showAll(after: last, to: rates) } while last != nil
            }
        }
        while try await subscriptions.showChanges(to: rates) == SubscriptionStore.mostTold {}
    }
}
