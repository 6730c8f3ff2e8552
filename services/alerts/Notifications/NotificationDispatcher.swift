import Kernel
import Logging
import Metrics
import Postgres
import ServiceKit

/// Delivers notifications that are due.
actor NotificationDispatcher {
    /// A message that this instance alone delivers until the claim ends.
    struct Claim: Sendable {
        let delivery: Delivery
        let end: ContinuousClock.Instant
    }

    /// Between the tries to note something.
    private static let pauses: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
    /// How long the database may take over each statement of a try.
    private static let patience = Duration.seconds(5)

    private static let otherType = "the channel has become one of another type"

    private let deliveries: DeliveryStore
    private let channels: ChannelStore
    private let sender: ChannelSender
    private let logger: Logger
    /// Of what is under way.
    private var shares = DeliveryShares()

    init(deliveries: DeliveryStore, channels: ChannelStore, sender: ChannelSender, logger: Logger) {
        self.deliveries = deliveries
        self.channels = channels
        self.sender = sender
        self.logger = logger
    }

    /// What runs it.
    nonisolated func loop(_ wake: DeliveryWake) -> DeliveryLoop<Claim> {
        DeliveryLoop(
            wake: wake, logger: logger, claim: { try await self.claim(limit: $0) },
            deliver: { await self.deliver($0) })
    }

    func claim(limit: Int) async throws -> [Claim] {
        let end = ContinuousClock.now.advanced(by: DeliveryStore.claimDuration)
        let claimed = try await deliveries.claim(limit: limit, beside: shares)
        for delivery in claimed { shares.hold(delivery) }
        return claimed.map { Claim(delivery: $0, end: end) }
    }

    func deliver(_ claim: Claim) async {
        let delivery = claim.delivery
        let settlement = delivery.wasTaken ? .sent : await attempt(claim)
        await note(until: claim.end) { try await deliveries.settle(delivery, as: settlement) }
        shares.release(delivery)
    }

    /// Makes an attempt and logs it, which says for good that a message was taken.
    private func attempt(_ claim: Claim) async -> DeliverySettlement {
        let delivery = claim.delivery
        let (begun, time) = (ContinuousClock.now, Timestamp.now)
        let outcome = await send(delivery)
        let (seconds, attoseconds) = begun.duration(to: .now).components
        let attempt = DeliveryAttempt(
            number: delivery.attempt, at: time,
            milliseconds: Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000),
            outcome: outcome.name, responseStatus: outcome.response?.status, detail: outcome.detail)
        Counter(label: "lms_notifications", dimensions: [("outcome", outcome.name.rawValue)]).increment()
        await note(until: claim.end) { try await deliveries.log(attempt, of: delivery) }
        return DeliverySettlement(outcome, of: delivery, now: .now)
    }

    /// Writes something down, and where it fails tries again, as long as the claim lasts: what cannot be noted comes due
    /// then, and unless the log says that it was taken it is delivered twice, under the same id.
    private func note(until end: ContinuousClock.Instant, _ write: () async throws -> Void) async {
        for pause in Self.pauses + [nil] {
            do {
                return try await PostgresClient.$patience.withValue(Self.patience) { try await write() }
            } catch {
                logger.warning("a delivery could not be noted", metadata: ["error": "\(error)"])
            }
            guard let pause, ContinuousClock.now.advanced(by: pause) < end else { return }
            // The database is given time to come back.
            try? await Task.sleep(for: pause)
        }
    }

    private func send(_ delivery: Delivery) async -> DeliveryOutcome {
        if let error = delivery.lead.channelError {
            logger.error(
                "a stored channel cannot be read, and what it is to be told waits",
                metadata: ["id": "\(delivery.lead.channelID.text)", "error": "\(error)"])
            return .failed(DeliveryOutcome.Failure(reason: "this version cannot read the channel"))
        }
        guard let channel = delivery.lead.channel else { return .refused("the channel was deleted") }
        guard channel.includes(delivery.lead) else {
            return .refused(
                delivery.lead.recipient.map { "the channel does not go to \($0) any more" } ?? Self.otherType)
        }
        let target: ChannelTarget?
        do {
            target = try channels.target(channel, of: delivery.lead.channelID, recipient: delivery.lead.recipient)
        } catch {
            return .refused("the channel's secret cannot be read any more; set it anew")
        }
        guard let target else { return .refused(Self.otherType) }
        let message = OutgoingMessage(
            id: delivery.id, steps: delivery.notifications.map(\.body), template: channel.template,
            createdAt: delivery.lead.createdAt)
        return await sender.send(message, to: target)
    }
}
