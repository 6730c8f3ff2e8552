/// Where a command is: `pending → sent → acknowledged → succeeded | failed`, or `expired`, or `cancelled`.
enum CommandStatus: String, Sendable, Codable, CaseIterable {
    case pending, sent, acknowledged, succeeded, failed, expired, cancelled

    /// What happens to a command.
    enum Event: String, Sendable, CaseIterable {
        /// A poll of the device was given it, for the first time or again.
        case leased
        /// The device says that it has it.
        case acknowledged
        /// The device says that it has carried it out.
        case succeeded
        /// The device says that it could not.
        case failed
        /// It was handed out as often as allowed, and never acknowledged.
        case undelivered
        /// Its time has passed before the device acknowledged it.
        case expired
        /// A person takes it back.
        case cancelled
    }

    enum Outcome: Sendable, Hashable {
        case becomes(CommandStatus)
        /// It is so already: said again, or overtaken by what the device said later.
        case unchanged
        case refused
    }

    /// Whether nothing will happen to it any more.
    var isFinal: Bool {
        switch self {
        case .pending, .sent, .acknowledged: false
        case .succeeded, .failed, .expired, .cancelled: true
        }
    }

    /// What `event` does to a command in this status.
    ///
    /// Only a device can move a command on from `acknowledged`: it is at work, so the command neither expires nor can
    /// be taken back.
    func after(_ event: Event) -> Outcome {
        switch (self, event) {
        case (.pending, .leased), (.sent, .leased): .becomes(.sent)
        case (.sent, .acknowledged): .becomes(.acknowledged)
        case (.sent, .succeeded), (.acknowledged, .succeeded): .becomes(.succeeded)
        case (.sent, .failed), (.acknowledged, .failed), (.sent, .undelivered): .becomes(.failed)
        case (.pending, .expired), (.sent, .expired): .becomes(.expired)
        case (.pending, .cancelled), (.sent, .cancelled): .becomes(.cancelled)
        case (.acknowledged, .acknowledged), (.succeeded, .acknowledged), (.failed, .acknowledged): .unchanged
        case (.succeeded, .succeeded), (.failed, .failed), (.expired, .expired), (.cancelled, .cancelled): .unchanged
        default: .refused
        }
    }
}

/// Which of a device's commands goes out first.
enum CommandPriority: String, Sendable, Codable, CaseIterable {
    case critical, high, normal, low

    /// As stored: 0 goes out first.
    var rank: Int16 {
        switch self {
        case .critical: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        }
    }
}
