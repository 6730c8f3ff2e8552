import FoundationEssentials
import Postgres

/// An alert that holds its rule, as evaluation keeps it: what people do about it is in the database alone.
struct StandingAlert: Sendable, Hashable {
    let id: UUID
    /// How many readings have violated the rule since that was last stored, and the newest of them.
    var counted = 0
    var lastReading: Reading?

    mutating func count(_ reading: Reading) {
        counted += 1
        lastReading = reading
    }
}

/// What evaluation does to an alert.
enum AlertChange: Sendable, Hashable {
    case begun(Alert, NotificationPlan)
    /// The condition of one that stood, counted to the end, has cleared.
    case ended(StandingAlert, key: RuleKey, at: Timestamp, channelIDs: [UUID])

    var key: RuleKey {
        switch self {
        case .begun(let alert, _): alert.key
        case .ended(_, let key, _, _): key
        }
    }
}

/// What comes of evaluating, beyond changed states.
struct EvaluationOutcome: Sendable {
    var alerts: [AlertChange] = []
    /// How many readings there were that a rule is for, and how often one was asked.
    var readings = 0
    var evaluations = 0
}
