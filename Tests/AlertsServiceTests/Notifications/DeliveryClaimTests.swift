import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

/// Which of the queue is claimed, and what is noted of it as the claim lasts or ends.
@Suite struct DeliveryClaimTests {
    private typealias Claim = NotificationDispatcher.Claim

    @Test func `what is due in another channel is found behind many that have waited longer in one`() async throws {
        try await DeliveryQueue.with { queue in
            let crowded = try await queue.fill(100, dueFor: 60)
            let other = try await queue.fill(1)
            let claimed = try await queue.deliveries.claim(limit: 32, beside: DeliveryShares())
            #expect(Set(claimed.map(\.lead.channelID)) == [crowded, other])
        }
    }

    @Test func `a channel that has its share keeps none behind it from being found`() async throws {
        try await DeliveryQueue.with { queue in
            let crowded = try await queue.fill(100, dueFor: 60)
            let other = try await queue.fill(1)
            var shares = DeliveryShares()
            let first = try await queue.deliveries.claim(limit: 1, beside: shares)
            #expect(first.map(\.lead.channelID) == [crowded])
            let delivery = try #require(first.first)
            for _ in 0..<DeliveryShares.mostOfChannel { shares.hold(delivery) }
            _ = try await queue.administrator.query(
                "UPDATE alerts.notifications SET status = 'pending', delivery_id = NULL, due_at = created_at")
            let claimed = try await queue.deliveries.claim(limit: 8, beside: shares)
            #expect(claimed.map(\.lead.channelID) == [other])
        }
    }

    @Test func `who has waited longest in an organization goes first`() async throws {
        try await DeliveryQueue.with { queue in
            var channels: [UUID] = []
            for seconds in [10, 40, 30, 20] { channels.append(try await queue.fill(1, dueFor: seconds)) }
            let claimed = try await queue.deliveries.claim(limit: 32, beside: DeliveryShares())
            #expect(claimed.map(\.lead.channelID) == [1, 2, 3, 0].map { channels[$0] })
        }
    }

    @Test func `what cannot be noted before its claim ends is left, and comes again under its id`() async throws {
        try await DeliveryQueue.with { queue in
            let receiver = try await TestHTTPServer.start()
            _ = try await queue.fill(1, to: receiver.url)
            let unnoted = LogCount()
            let dispatcher = try await queue.dispatcher(unnoted.logger)
            let claim = try #require(try await dispatcher.claim(limit: 1).first)
            try await queue.administrator.run(statement: "ALTER TABLE alerts.notifications RENAME TO away")
            // The claim ended while the attempt was under way.
            await dispatcher.deliver(Claim(delivery: claim.delivery, end: .now))
            // The attempt and what became of it, each tried once.
            #expect(unnoted.value == 2)
            try await queue.administrator.run(statement: "ALTER TABLE alerts.away RENAME TO notifications")
            #expect(try await queue.notification().status == "pending")
            #expect(try await dispatcher.claim(limit: 1).isEmpty)

            try await queue.endClaims()
            let again = try #require(try await dispatcher.claim(limit: 1).first)
            await dispatcher.deliver(again)
            #expect(try await queue.notification().status == "sent")
            let ids = receiver.requests.map { $0.header("LMS-Delivery-ID") }
            #expect(ids == [claim.delivery.id.text, claim.delivery.id.text])
        }
    }

    @Test func `what cannot be noted at once is noted later, while the claim lasts`() async throws {
        try await DeliveryQueue.with { queue in
            let receiver = try await TestHTTPServer.start()
            _ = try await queue.fill(1, to: receiver.url)
            let unnoted = LogCount()
            let dispatcher = try await queue.dispatcher(unnoted.logger)
            let claim = try #require(try await dispatcher.claim(limit: 1).first)
            try await queue.administrator.run(statement: "ALTER TABLE alerts.notifications RENAME TO away")
            async let delivered: Void = dispatcher.deliver(claim)
            try await eventually { unnoted.value > 0 }
            try await queue.administrator.run(statement: "ALTER TABLE alerts.away RENAME TO notifications")
            await delivered
            #expect(try await queue.notification().status == "sent")
            #expect(receiver.requests.count == 1)
        }
    }

    @Test func `who comes after the claim has ended changes nothing of the attempt that follows`() async throws {
        try await DeliveryQueue.with { queue in
            let receiver = try await TestHTTPServer.start { _ in (500, "{}") }
            _ = try await queue.fill(1, to: receiver.url)
            let (late, next) = (try await queue.dispatcher(), try await queue.dispatcher())
            let ended = try #require(try await late.claim(limit: 1).first)
            try await queue.endClaims()
            let current = try #require(try await next.claim(limit: 1).first)
            #expect(current.delivery.attempt == ended.delivery.attempt + 1)
            let before = try await queue.notification().row
            await late.deliver(Claim(delivery: ended.delivery, end: .now))
            #expect(receiver.requests.count == 1)
            #expect(try await queue.notification().row == before)
            await next.deliver(current)
            #expect(try await queue.notification().row != before)
        }
    }
}
