import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// Writes maintenance windows, by the API and by the pages alike.
struct MaintenanceEditor: Sendable {
    /// So many windows of an organization may be in force or to come: all of them are looked at when readings come.
    static let most = 200

    let windows: MaintenanceWindowStore
    let versions: RuleVersions

    /// Makes a window; once it is committed, the version of the organization's rules is to be bumped.
    ///
    /// - Throws: 409 when there are too many.
    func create(
        _ definition: MaintenanceWindow.Definition, by user: UserPrincipal, in organization: UUID, at now: Timestamp,
        _ transaction: Transaction
    ) async throws -> MaintenanceWindow {
        guard try await windows.countActive(in: organization, at: now, transaction) < Self.most else {
            throw Problem.conflict("There are \(Self.most) maintenance windows already; delete some.")
        }
        let window = try await windows.insert(definition, in: organization, transaction)
        try await record("alert_maintenance_window.created", window, user, transaction)
        return window
    }

    /// - Parameter ifVersions: The versions of which the window must have one; nil: any will do.
    /// - Throws: 404, 412.
    func delete(
        _ id: UUID, ifVersions allowed: Set<Int>? = nil, by user: UserPrincipal, in organization: UUID
    ) async throws {
        try await windows.database.withTransaction(as: .organization(organization)) { transaction in
            guard let window = try await windows.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            guard allowed?.contains(window.version) ?? true else { throw Problem.preconditionFailed() }
            try await windows.delete(id, in: organization, transaction)
            try await record("alert_maintenance_window.deleted", window, user, transaction)
        }
        await versions.bump(organization)
    }

    private func record(
        _ type: String, _ window: MaintenanceWindow, _ user: UserPrincipal, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            AuditEntry(
                type, of: window.id, in: window.organizationID, by: user, data: MaintenanceWindowDocument(window)
            ).insert)
    }
}
