import Identity

/// Keeps what costs others something, such as letters and accounts, from being done without end. What is counted need
/// not exist, so that being slowed down tells nothing.
struct ActionGuard: Sendable {
    let log: AttemptLog
    /// Part of the counters' names.
    let action: String
    let limit: AttemptLimit

    /// Counts the action.
    ///
    /// - Parameter subject: By whom or to what it is done; nil is not limited.
    /// - Throws: ``SignInGuard/TooManyAttempts``.
    func admit(_ subject: String?) async throws(SignInGuard.TooManyAttempts) {
        guard let subject else { return }
        let counter = AttemptLog.Counter(key: "lms:\(action):\(SecretHash(of: subject).hex)", limit: limit)
        if let wait = await log.admit([counter]) { throw SignInGuard.TooManyAttempts(retryAfter: wait) }
    }
}

extension ActionGuard {
    /// By network address. Registering tells whether an address is taken, so this is how many may be asked about.
    static func registration(_ log: AttemptLog, perHour count: Int) -> ActionGuard {
        ActionGuard(log: log, action: "register", limit: AttemptLimit(capacity: count, period: .seconds(3600)))
    }

    /// Letters to whatever account somebody names, by network address.
    static func letters(_ log: AttemptLog) -> ActionGuard {
        ActionGuard(log: log, action: "letters", limit: AttemptLimit(capacity: 10, period: .seconds(60)))
    }

    /// By the address of the account.
    static func passwordReset(_ log: AttemptLog) -> ActionGuard {
        ActionGuard(log: log, action: "reset", limit: AttemptLimit(capacity: 3, period: .seconds(900)))
    }

    /// By user.
    static func verification(_ log: AttemptLog) -> ActionGuard {
        ActionGuard(log: log, action: "verify", limit: AttemptLimit(capacity: 3, period: .seconds(900)))
    }

    /// By organization.
    static func invitations(_ log: AttemptLog) -> ActionGuard {
        ActionGuard(log: log, action: "invite", limit: AttemptLimit(capacity: 50, period: .seconds(3600)))
    }
}
