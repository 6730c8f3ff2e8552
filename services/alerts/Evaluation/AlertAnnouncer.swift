import EventBus
import FoundationEssentials
import HTTPKit
import Kernel
import Logging
import Metrics
import Redis
import ServiceKit

/// Tells of alerts once they are committed: events and notifications go out at once, and screens are shown them.
struct AlertAnnouncer: Sendable {
    let redis: RedisClient
    let outbox: Outbox
    let dispatcher: DeliveryWake
    let logger: Logger

    /// Screens are told at best effort: whoever loads the page anew sees what is stored.
    func announce(_ steps: [AlertStep]) async {
        guard !steps.isEmpty else { return }
        outbox.wake()
        dispatcher.wake()
        for step in steps {
            Counter(
                label: "lms_alerts_steps",
                dimensions: [("step", step.event.rawValue), ("severity", step.alert.severity.rawValue)]
            ).increment()
        }
        do {
            // What people did comes first: evaluation must know of it before the next reading.
            let followed = steps.filter(\.changesStanding).map { RuleVersions.bumpStanding(of: $0.alert.deviceID) }
            _ = try await redis.pipeline(followed + (try steps.map(Self.frame)))
        } catch {
            logger.debug("an alert could not be shown live", metadata: ["error": "\(error)"])
        }
    }

    private static func frame(_ step: AlertStep) throws -> RedisCommand {
        let alert = step.alert
        let frame = LiveStream.Frame(
            deviceID: alert.deviceID, sensorType: alert.sensorType,
            json: Array(try JSONEncoder().encode(AlertDocument(alert))))
        return LiveStream.publish(.alert, [frame], to: alert.organizationID)
    }
}

extension AlertStep {
    /// Whether somebody has ended the alert or opened it again, and not evaluation.
    fileprivate var changesStanding: Bool {
        userID != nil && (event == .resolved || event == .reopened)
    }
}
