import FoundationEssentials
import HTTPKit

/// Where an alert is in its life: `active → acknowledged → resolved`, or `dismissed` as a false alarm.
enum AlertStatus: String, Sendable, Codable, CaseIterable {
    case active, acknowledged, resolved, dismissed

    var isOpen: Bool { self == .active || self == .acknowledged }

    /// The status that an action leads to: this one where the action changes none, or was taken before.
    ///
    /// - Throws: ``AlertActionRefused``.
    func after(_ action: AlertAction) throws(AlertActionRefused) -> AlertStatus {
        switch (self, action) {
        case (_, .comment): self
        case (.active, .acknowledge): .acknowledged
        case (.acknowledged, .acknowledge): self
        case (.active, .assign), (.acknowledged, .assign): self
        case (.active, .reopen), (.acknowledged, .reopen): self
        case (.resolved, .reopen), (.dismissed, .reopen): .active
        case (.active, .resolve), (.acknowledged, .resolve), (.resolved, .resolve): .resolved
        case (.active, .dismiss), (.acknowledged, .dismiss), (.dismissed, .dismiss): .dismissed
        case (.resolved, .acknowledge), (.resolved, .assign), (.resolved, .dismiss):
            throw AlertActionRefused("The alert is resolved.")
        case (.dismissed, .acknowledge), (.dismissed, .assign), (.dismissed, .resolve):
            throw AlertActionRefused("The alert was dismissed.")
        }
    }
}

/// What a user does about an alert.
enum AlertAction: Sendable, Hashable {
    case acknowledge
    case resolve
    /// Ends it as a false alarm.
    case dismiss
    /// Gives it to a member; nil: to nobody any more.
    case assign(to: UUID?)
    case reopen
    case comment

    /// What its taking is called.
    var event: AlertEvent {
        switch self {
        case .acknowledge: .acknowledged
        case .resolve: .resolved
        case .dismiss: .dismissed
        case .assign: .assigned
        case .reopen: .reopened
        case .comment: .commented
        }
    }
}

/// An action is at odds with where the alert is in its life.
struct AlertActionRefused: ProblemConvertible, Hashable {
    let problem: Problem

    /// - Parameter reason: A sentence for who took the action.
    init(_ reason: String) {
        problem = .conflict(reason)
    }
}
