import Postgres

/// Which alerts of an organization a member wants mailed, and when.
struct MailPreferences: Sendable, Hashable {
    var isEnabled = true
    var minimumSeverity = Severity.low
    /// When letters wait.
    var quietHours: RuleSchedule?
    /// Whether what is critical is mailed in quiet hours, too.
    var exceptCritical = true

    /// What becomes of a letter.
    enum Decision: Sendable, Hashable {
        case send
        case skip(reason: String)
        case hold(until: Timestamp)
    }

    /// - Parameter severity: Nil for what has none, such as a test.
    func decision(on severity: Severity?, at now: Timestamp) -> Decision {
        guard isEnabled else { return .skip(reason: "the member wants no mail") }
        if let severity, severity < minimumSeverity {
            return .skip(reason: "the member wants mail from \(minimumSeverity.rawValue) on")
        }
        guard let quietHours, quietHours.isActive(at: now), !(exceptCritical && severity == .critical),
            let end = quietHours.firstInactive(from: now)
        else { return .send }
        return .hold(until: end)
    }
}

/// Where and whether a member is mailed.
struct MemberMailbox: Sendable, Hashable {
    /// Nil where none is verified, or the account is deactivated.
    let address: String?
    let preferences: MailPreferences

    enum Decision: Sendable, Hashable {
        case send(to: String)
        case skip(reason: String)
        case hold(until: Timestamp)
    }

    func decision(on severity: Severity?, at now: Timestamp) -> Decision {
        guard let address else {
            return .skip(reason: "the member's address is not verified, or the account is deactivated")
        }
        return switch preferences.decision(on: severity, at: now) {
        case .send: .send(to: address)
        case .skip(let reason): .skip(reason: reason)
        case .hold(let end): .hold(until: end)
        }
    }
}
