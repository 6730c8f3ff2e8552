import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// What members do about alerts, by the API and by the pages alike.
struct AlertActions: Sendable {
    static let longestNotes = 2_000

    let alerts: AlertStore
    let members: MemberStore
    let life: AlertLife
    let announcer: AlertAnnouncer

    /// Takes an action and tells of it.
    ///
    /// - Parameter ifVersions: The versions of which the alert must have one; nil: any will do.
    /// - Returns: The alert as it is then.
    /// - Throws: 404 for an alert that the user may not see, 403 for one that they may only see, 412, 422, and
    ///   ``AlertActionRefused``.
    func take(
        _ action: AlertAction, on id: UUID, notes: String?, ifVersions versions: Set<Int>? = nil,
        by user: UserPrincipal, in organization: UUID
    ) async throws -> Alert {
        try validate { $0.length(of: notes, 0...Self.longestNotes, "notes") }
        let (alert, step): (Alert, AlertStep?) = try await alerts.database.withTransaction(
            as: .organization(organization)
        ) { transaction in
            let isWatched =
                action == .reopen ? try await alerts.lockStanding(ofAlert: id, in: organization, transaction) : true
            let alert = try await lock(id, for: user, in: organization, transaction)
            guard versions?.contains(alert.version) ?? true else { throw Problem.preconditionFailed() }
            if case .assign(let member?) = action { try await checkMember(member, organization, transaction) }
            if action == .reopen { try await life.checkReopening(alert, isWatched: isWatched, transaction) }
            guard let step = try await life.take(action, on: alert, by: user.id, notes: notes, transaction) else {
                return (alert, nil)
            }
            try await record(step, user, transaction)
            return (step.alert, step)
        }
        await announcer.announce(step.map { [$0] } ?? [])
        return alert
    }

    /// Adds a comment; once it is committed, the outbox is to be woken.
    ///
    /// - Throws: As ``take(_:on:notes:ifVersions:by:in:)``.
    func comment(
        _ text: String, on id: UUID, by user: UserPrincipal, in organization: UUID, _ transaction: Transaction
    ) async throws -> AlertStep {
        try validate { $0.length(of: text, 1...Self.longestNotes, "text") }
        let alert = try await lock(id, for: user, in: organization, transaction)
        guard let step = try await life.take(.comment, on: alert, by: user.id, notes: text, transaction) else {
            throw Problem.notFound()
        }
        try await record(step, user, transaction)
        return step
    }

    private func lock(
        _ id: UUID, for user: UserPrincipal, in organization: UUID, _ transaction: Transaction
    ) async throws -> Alert {
        guard let alert = try await alerts.lock(id, in: organization, transaction) else { throw Problem.notFound() }
        let project = try await alerts.project(of: alert, transaction)
        guard let role = user.role(onDevice: alert.deviceID, ofProject: project) else { throw Problem.notFound() }
        guard role >= .member else { throw Problem.forbidden() }
        return alert
    }

    private func checkMember(_ id: UUID, _ organization: UUID, _ transaction: Transaction) async throws {
        guard try await members.contains(id, in: organization, transaction) else {
            throw Problem.invalid("user_id", "is no member of the organization")
        }
    }

    private func record(_ step: AlertStep, _ user: UserPrincipal, _ transaction: Transaction) async throws {
        let data = ["notes": step.notes, "assigned_to": step.historyEntry.assignedTo?.text].compactMapValues(\.self)
        try await transaction.query(
            AuditEntry(step.event.type, of: step.alert.id, in: step.alert.organizationID, by: user, data: data).insert)
    }
}
