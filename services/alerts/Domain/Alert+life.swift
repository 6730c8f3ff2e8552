import FoundationEssentials
import Postgres

extension Alert {
    /// How long after its end an alert can be opened again.
    static let reopening = Duration.seconds(7 * 86_400)

    /// Whether the rule is held by it: while its condition holds, no other alert begins, even where this one has been
    /// dismissed.
    var isStanding: Bool { status.isOpen || status == .dismissed && clearedAt == nil }

    /// Takes an action by a user's hand.
    ///
    /// - Returns: What to call it; nil when nothing changes, since it was taken before.
    /// - Throws: ``AlertActionRefused``.
    mutating func take(
        _ action: AlertAction, by user: UUID, notes: String? = nil, at now: Timestamp
    ) throws(AlertActionRefused) -> AlertEvent? {
        let next = try status.after(action)
        guard isChange(action, to: next) else { return nil }
        switch action {
        case .acknowledge: (acknowledgedBy, acknowledgedAt) = (user, now)
        case .resolve: (resolvedBy, resolvedAt) = (user, now)
        case .dismiss: (dismissedBy, dismissedAt) = (user, now)
        case .assign(let member): assignedTo = member
        case .reopen: try reopen(at: now)
        case .comment: break
        }
        status = next
        if status != .active { raiseAt = nil }
        if action != .comment, let notes { self.notes = notes }
        version += 1
        return action.event
    }

    private func isChange(_ action: AlertAction, to next: AlertStatus) -> Bool {
        switch action {
        case .comment: true
        case .assign(let member): member != assignedTo
        case .acknowledge, .resolve, .dismiss, .reopen: next != status
        }
    }

    private mutating func reopen(at now: Timestamp) throws(AlertActionRefused) {
        guard let end = resolvedAt ?? dismissedAt, now.since(end) <= Self.reopening else {
            throw AlertActionRefused("The alert ended more than 7 days ago.")
        }
        (acknowledgedBy, acknowledgedAt) = (nil, nil)
        (resolvedBy, resolvedAt) = (nil, nil)
        (dismissedBy, dismissedAt, clearedAt) = (nil, nil, nil)
        raiseAt = nextRaise(after: now)
    }

    // MARK: By itself

    /// Counts further readings that violate the rule, of which this is the newest, unless the alert was dismissed.
    mutating func count(_ reading: Reading, times: Int = 1) {
        guard status.isOpen else { return }
        count += times
        lastReading = reading
        version += 1
    }

    /// The condition has cleared.
    ///
    /// - Returns: What to call it; nil when the alert had been dismissed, which nobody is told again.
    mutating func clear(at now: Timestamp) -> AlertEvent? {
        guard status.isOpen else {
            clearedAt = now
            version += 1
            return nil
        }
        end(at: now)
        return .resolved
    }

    /// Ends an open alert whose condition has cleared, or that has lost its rule or device.
    mutating func end(by user: UUID? = nil, notes: String? = nil, at now: Timestamp) {
        status = .resolved
        (resolvedBy, resolvedAt) = (user, now)
        raiseAt = nil
        self.notes = notes ?? self.notes
        version += 1
    }

    /// Takes the alert off a member who is one no more.
    mutating func unassign() {
        assignedTo = nil
        version += 1
    }

    /// Raises the severity by one step, where there is one, since nobody has acknowledged the alert.
    mutating func raise(at now: Timestamp) {
        guard let higher = severity.next else { return }
        severity = higher
        raiseAt = nextRaise(after: now)
        version += 1
    }

    /// When the severity rises next; nil when it does not.
    func nextRaise(after now: Timestamp) -> Timestamp? {
        guard severity.next != nil else { return nil }
        return raiseAfterSeconds.map { now.adding(.seconds($0)) }
    }
}
