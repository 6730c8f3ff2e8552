import Kernel
import Logging
import Metrics
import Postgres
import ServiceKit

/// Delivers notifications that are due.
struct NotificationDispatcher: Sendable {
    let deliveries: DeliveryStore
    let channels: ChannelStore
    let sender: ChannelSender
    let logger: Logger

    /// What runs it.
    func loop(_ wake: DeliveryWake) -> DeliveryLoop<Delivery> {
        DeliveryLoop(wake: wake, logger: logger, claim: deliveries.claim, deliver: deliver)
    }

    @Sendable private func deliver(_ delivery: Delivery) async {
        let (begun, time) = (ContinuousClock.now, Timestamp.now)
        let outcome = await attempt(delivery)
        let (seconds, attoseconds) = begun.duration(to: .now).components
        let attempt = DeliveryAttempt(
            number: delivery.attempt, at: time,
            milliseconds: Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000),
            outcome: outcome.name, responseStatus: outcome.response?.status, detail: outcome.detail)
        Counter(label: "lms_notifications", dimensions: [("outcome", outcome.name.rawValue)]).increment()
        do {
            try await deliveries.settle(
                delivery, attempt, as: DeliverySettlement(outcome, of: delivery, now: .now))
        } catch {
            // It comes due again when the claim ends, and is then delivered twice, under the same id.
            logger.warning("a delivery could not be noted", metadata: ["error": "\(error)"])
        }
    }

    private func attempt(_ delivery: Delivery) async -> DeliveryOutcome {
        if let error = delivery.lead.channelError {
            logger.error(
                "a stored channel cannot be read, and what it is to be told waits",
                metadata: ["id": "\(delivery.lead.channelID.text)", "error": "\(error)"])
            return .failed(DeliveryOutcome.Failure(reason: "this version cannot read the channel"))
        }
        guard let channel = delivery.lead.channel else { return .refused("the channel was deleted") }
        let target: ChannelTarget?
        do {
            target = try channels.target(channel, of: delivery.lead.channelID, recipient: delivery.lead.recipient)
        } catch {
            return .refused("the channel's secret cannot be read any more; set it anew")
        }
        guard let target else { return .refused("the channel has become one of another type") }
        let message = OutgoingMessage(
            id: delivery.id, steps: delivery.notifications.map(\.body), template: channel.template,
            createdAt: delivery.lead.createdAt)
        return await sender.send(message, to: target)
    }
}
