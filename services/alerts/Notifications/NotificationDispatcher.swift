import Logging
import Metrics
import ServiceKit

/// Delivers notifications that are due.
struct NotificationDispatcher: Sendable {
    let notifications: NotificationStore
    let channels: ChannelStore
    let sender: WebhookSender
    let logger: Logger

    /// What runs it.
    func loop(_ wake: DeliveryWake) -> DeliveryLoop<DueNotification> {
        DeliveryLoop(wake: wake, logger: logger, claim: notifications.claim, deliver: deliver)
    }

    @Sendable private func deliver(_ notification: DueNotification) async {
        let outcome = await attempt(notification)
        do {
            try await record(outcome, of: notification)
        } catch {
            // It comes due again when the claim ends, and is then delivered twice, under the same id.
            logger.warning("a delivery could not be noted", metadata: ["error": "\(error)"])
        }
    }

    private func attempt(_ notification: DueNotification) async -> DeliveryOutcome {
        guard let url = notification.url else { return .refused("the channel was deleted") }
        do {
            let secret = try channels.open(notification.sealedSecret, of: notification.channelID)
            return await sender.send(
                notification.body, id: notification.id, to: WebhookTarget(url: url, secret: secret))
        } catch {
            return .refused("the channel's secret cannot be read any more; set it anew")
        }
    }

    private func record(_ outcome: DeliveryOutcome, of notification: DueNotification) async throws {
        Counter(label: "lms_notifications", dimensions: [("outcome", outcome.name)]).increment()
        switch outcome {
        case .sent:
            try await notifications.sent(notification)
        case .refused(let reason):
            try await notifications.died(notification, reason)
        case .failed(let reason):
            let next = DeliverySchedule.nextAttempt(
                after: notification.attempts, createdAt: notification.createdAt, now: .now)
            guard let next else { return try await notifications.died(notification, reason) }
            try await notifications.failed(notification, reason, nextAttempt: next)
        }
    }
}

extension DeliveryOutcome {
    /// As the channel's test answers it and metrics count it.
    var name: String {
        switch self {
        case .sent: "sent"
        case .failed: "failed"
        case .refused: "refused"
        }
    }
}
