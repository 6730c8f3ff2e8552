import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// Writes rules, by the API and by the pages alike.
struct RuleEditor: Sendable {
    let rules: RuleStore
    let channels: ChannelStore
    let life: AlertLife
    let versions: RuleVersions
    let announcer: AlertAnnouncer

    /// Makes a rule; once it is committed, the version of the organization's rules is to be bumped.
    ///
    /// - Throws: 422 for channels that are none of the organization's.
    func create(
        _ definition: RuleDefinition, by user: UserPrincipal, in organization: UUID, _ transaction: Transaction
    ) async throws -> Rule {
        try await channels.require(channelsOf: definition, in: organization, transaction)
        let rule = try await rules.insert(definition, in: organization, transaction)
        try await record("alert_rule.created", rule, user, transaction)
        return rule
    }

    /// - Parameter ifVersions: The versions of which the rule must have one; nil: any will do.
    /// - Throws: 404, 412, and 422 for channels that are none of the organization's.
    func replace(
        _ id: UUID, with definition: RuleDefinition, ifVersions allowed: Set<Int>?, by user: UserPrincipal,
        in organization: UUID
    ) async throws -> Rule {
        try await update(id, ifVersions: allowed, by: user, in: organization) { _ in definition }
    }

    /// - Throws: 404.
    func setEnabled(_ isEnabled: Bool, of id: UUID, by user: UserPrincipal, in organization: UUID) async throws {
        _ = try await update(id, ifVersions: nil, by: user, in: organization) { rule in
            var definition = rule.definition
            definition.isEnabled = isEnabled
            return definition
        }
    }

    /// Deletes a rule and ends its open alerts.
    ///
    /// - Throws: 404, 412.
    func delete(_ id: UUID, ifVersions allowed: Set<Int>?, by user: UserPrincipal, in organization: UUID) async throws {
        let steps = try await rules.database.withTransaction(as: .organization(organization)) { transaction in
            let rule = try await locked(id, ifVersions: allowed, in: organization, transaction)
            let steps = try await life.resolveAll(ofRule: rule, by: user.id, transaction)
            try await rules.delete(id, in: organization, transaction)
            try await record("alert_rule.deleted", rule, user, transaction)
            return steps
        }
        await versions.bump(organization)
        await announcer.announce(steps)
    }

    private func update(
        _ id: UUID, ifVersions allowed: Set<Int>?, by user: UserPrincipal, in organization: UUID,
        _ change: @Sendable (Rule) -> RuleDefinition
    ) async throws -> Rule {
        let rule = try await rules.database.withTransaction(as: .organization(organization)) { transaction in
            let definition = change(try await locked(id, ifVersions: allowed, in: organization, transaction))
            try await channels.require(channelsOf: definition, in: organization, transaction)
            let rule = try await rules.update(id, to: definition, in: organization, transaction)
            try await record("alert_rule.updated", rule, user, transaction)
            return rule
        }
        await versions.bump(organization)
        return rule
    }

    private func locked(
        _ id: UUID, ifVersions allowed: Set<Int>?, in organization: UUID, _ transaction: Transaction
    ) async throws -> Rule {
        guard let rule = try await rules.lock(id, in: organization, transaction) else { throw Problem.notFound() }
        guard allowed?.contains(rule.version) ?? true else { throw Problem.preconditionFailed() }
        return rule
    }

    private func record(
        _ type: String, _ rule: Rule, _ user: UserPrincipal, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            AuditEntry(type, of: rule.id, in: rule.organizationID, by: user, data: RuleDocument(rule)).insert)
    }
}
