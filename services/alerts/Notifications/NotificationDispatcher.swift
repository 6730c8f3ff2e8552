import FoundationEssentials
import Logging
import Metrics
import Postgres
import ServiceLifecycle

/// Delivers notifications that are due. Every instance runs one; each takes what no other has claimed.
actor NotificationDispatcher: ServiceLifecycle.Service {
    /// Lets the dispatcher look now rather than at its next turn.
    struct Wake: Sendable {
        fileprivate let turns = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

        /// To be called after the commit of what is to be sent.
        func wake() {
            turns.continuation.yield()
        }

        fileprivate func end() {
            turns.continuation.finish()
        }
    }

    private static let maximumInFlight = 32
    private static let pollInterval = Duration.seconds(1)

    private let notifications: NotificationStore
    private let channels: ChannelStore
    private let sender: WebhookSender
    private let wake: Wake
    private let logger: Logger
    private var inFlight = 0

    init(
        notifications: NotificationStore, channels: ChannelStore, sender: WebhookSender, wake: Wake, logger: Logger
    ) {
        self.notifications = notifications
        self.channels = channels
        self.sender = sender
        self.wake = wake
        self.logger = logger
    }

    /// Runs until shut down; then what is on its way is still delivered.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.tick() }
                await self.dispatch()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.wake.end()
        }
    }

    /// What came due since, and what other instances wrote, is found at the next tick.
    private func tick() async {
        while !Task.isCancelled {
            wake.wake()
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    private func dispatch() async {
        await withDiscardingTaskGroup { group in
            for await _ in wake.turns.stream {
                for notification in await claim() {
                    group.addTask { await self.deliver(notification) }
                }
            }
        }
    }

    private func claim() async -> [DueNotification] {
        let room = Self.maximumInFlight - inFlight
        guard room > 0 else { return [] }
        do {
            let claimed = try await notifications.claim(limit: room)
            inFlight += claimed.count
            return claimed
        } catch {
            logger.warning("notifications wait", metadata: ["error": "\(error)"])
            return []
        }
    }

    private func deliver(_ notification: DueNotification) async {
        let outcome = await attempt(notification)
        inFlight -= 1
        do {
            try await record(outcome, of: notification)
        } catch {
            // It comes due again when the claim ends, and is then delivered twice, under the same id.
            logger.warning("a delivery could not be noted", metadata: ["error": "\(error)"])
        }
        wake.wake()
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
                after: notification.attempts, createdAt: notification.createdAt, now: .now, jitter: .random(in: 0...1))
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
