import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct DeliverySettlementTests {
    private let now = Timestamp.seconds(1_000_000)

    private func delivery(attempt: Int = 1, age: Int = 0, followers: Int = 0) -> Delivery {
        func notification(_ age: Int) -> DueNotification {
            DueNotification(
                id: .v7(), organizationID: .v7(), alertID: .v7(), channelID: .v7(), recipient: nil, body: [],
                attempts: attempt - 1, createdAt: now.adding(.seconds(-age)), deliveryID: nil, channel: nil)
        }
        return Delivery(
            id: .v7(), lead: notification(age), followers: (0..<followers).map { _ in notification(age) })
    }

    private func settlement(_ outcome: DeliveryOutcome, _ delivery: Delivery, jitter: Double = 1) -> DeliverySettlement
    {
        DeliverySettlement(outcome, of: delivery, now: now, jitter: jitter)
    }

    @Test func `what was taken is sent, and what is refused is dead at once`() {
        #expect(settlement(.sent(nil), delivery()) == .sent)
        #expect(settlement(.refused("no"), delivery()) == .dead(reason: "no"))
    }

    @Test(arguments: [(1, 5), (2, 10), (5, 80), (20, 3_600)])
    func `failures are tried again later and later`(_ attempt: Int, _ seconds: Int) {
        let failed = DeliveryOutcome.failed(DeliveryOutcome.Failure(reason: "busy"))
        let due = now.adding(.seconds(seconds))
        #expect(
            settlement(failed, delivery(attempt: attempt)) == .retry(reason: "busy", at: due, staysBound: false))
        #expect(
            settlement(failed, delivery(attempt: attempt), jitter: 0)
                == .retry(reason: "busy", at: now.adding(.milliseconds(seconds * 500)), staysBound: false))
    }

    @Test func `after a day a failure is the last`() {
        let failed = DeliveryOutcome.failed(DeliveryOutcome.Failure(reason: "busy"))
        #expect(settlement(failed, delivery(attempt: 9, age: 86_399)) == .dead(reason: "busy"))
    }

    @Test func `who asks to be left alone is, if it is for longer than the pause`() {
        var failure = DeliveryOutcome.Failure(reason: "busy", retryAfter: .seconds(120))
        #expect(
            settlement(.failed(failure), delivery())
                == .retry(reason: "busy", at: now.adding(.seconds(120)), staysBound: false))
        failure.retryAfter = .seconds(1)
        #expect(
            settlement(.failed(failure), delivery())
                == .retry(reason: "busy", at: now.adding(.seconds(5)), staysBound: false))
    }

    @Test func `what may have been taken stays the message that it was`() {
        let lost = DeliveryOutcome.Failure(reason: "silence", isAmbiguous: true)
        let busy = DeliveryOutcome.Failure(reason: "silence")
        let due = now.adding(.seconds(5))
        let bound = DeliverySettlement.retry(reason: "silence", at: due, staysBound: true)
        #expect(settlement(.failed(lost), delivery()) == bound)
        #expect(settlement(.failed(busy), delivery(followers: 7)) == bound)
    }
}

@Suite struct DeliveryCombinationTests {
    private func due(_ count: Int, groupSeconds: Int = 0) -> [DueNotification] {
        (0..<count).map { index in
            DueNotification(
                id: .v7(), organizationID: .v7(), alertID: .v7(), channelID: .v7(), recipient: nil, body: [],
                attempts: 0, createdAt: .seconds(Int64(100 - index)), deliveryID: nil,
                channel: DueChannel(
                    kind: .webhook, url: "http://a", sealedSecret: nil, groupSeconds: groupSeconds, template: nil))
        }
    }

    @Test(arguments: [(0, 0, 0), (1, 0, 1), (5, 0, 5), (6, 0, 1), (100, 0, 1), (1, 60, 1), (2, 60, 1)])
    func `a flood becomes one message`(_ count: Int, _ groupSeconds: Int, _ messages: Int) {
        let notifications = due(count, groupSeconds: groupSeconds)
        let deliveries = Delivery.combining(notifications)
        #expect(deliveries.count == messages)
        #expect(deliveries.flatMap(\.notifications).map(\.id) == notifications.map(\.id))
    }

    @Test(arguments: [(1, 0), (1, 1), (3, 6), (7, 5)])
    func `what was taken is settled for itself, and never goes with others`(_ taken: Int, _ new: Int) {
        var notifications = due(taken + new)
        for index in 0..<taken { notifications[index].wasTaken = true }
        let deliveries = Delivery.combining(notifications.shuffled())
        #expect(deliveries.count(where: \.wasTaken) == taken)
        #expect(deliveries.allSatisfy { $0.attempt == ($0.wasTaken ? 0 : 1) })
        let sent = deliveries.filter { !$0.wasTaken }
        #expect(sent.flatMap(\.notifications).map(\.id) == notifications.dropFirst(taken).map(\.id))
        #expect(sent.count == (new > Delivery.mostSingles ? 1 : new))
    }

    @Test func `a single message has its notification's id, and one of many its own`() {
        let one = due(1)
        #expect(Delivery.combining(one).map(\.id) == one.map(\.id))
        let many = due(6)
        let digest = Delivery.combining(many)[0]
        #expect(!many.map(\.id).contains(digest.id))
        #expect(digest.createdAt == .seconds(100))
    }
}
