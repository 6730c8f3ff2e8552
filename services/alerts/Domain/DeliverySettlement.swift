import Postgres
import ServiceKit

/// What becomes of a message after an attempt to deliver it.
enum DeliverySettlement: Sendable, Equatable {
    case sent
    /// Given up.
    case dead(reason: String)
    /// - Parameter staysBound: Whether it must stay the message that it is: one of several notifications always does, one
    ///   of a single notification where it may have been taken. Else it may be combined with others by then.
    case retry(reason: String, at: Timestamp, staysBound: Bool)

    /// The end of the event's type; nil when none is told.
    var event: String? {
        switch self {
        case .sent: "sent"
        case .dead: "failed"
        case .retry: nil
        }
    }
}

extension DeliverySettlement {
    /// - Parameter jitter: From 0 to 1; see `DeliverySchedule`.
    init(_ outcome: DeliveryOutcome, of delivery: Delivery, now: Timestamp, jitter: Double = .random(in: 0...1)) {
        switch outcome {
        case .sent:
            self = .sent
        case .refused(let reason, _):
            self = .dead(reason: reason)
        case .failed(let failure):
            let next = DeliverySchedule.nextAttempt(
                after: delivery.attempt, createdAt: delivery.createdAt, now: now, jitter: jitter)
            guard let next else {
                self = .dead(reason: failure.reason)
                return
            }
            self = .retry(
                reason: failure.reason, at: max(next, now.adding(failure.retryAfter ?? .zero)),
                staysBound: failure.isAmbiguous || !delivery.followers.isEmpty)
        }
    }
}
