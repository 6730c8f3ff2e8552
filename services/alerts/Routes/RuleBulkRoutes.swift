import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `PATCH /api/v1/alerts/rules/bulk`: changes something in several rules, in all of them or in none.
struct RuleBulkRoutes: Sendable {
    let rules: RuleStore
    let channels: ChannelStore
    let versions: RuleVersions

    func add(to routes: inout RouteTable) {
        routes.patch("/api/v1/alerts/rules/bulk", .user(atLeast: .admin), use: change)
    }

    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> Page<RuleDocument> {
        let (user, organization) = (try context.user, try context.organizationID)
        let changes = try await request.decode(as: RuleChanges.self, context: context)
        let severity = try changes.check()
        let documents = try await rules.database.withTransaction(as: .organization(organization)) { transaction in
            try await lock(changes.ids, organization, transaction)
            try await channels.require(changes.channelIDs ?? [], in: organization, transaction)
            let documents = try await rules.change(
                changes.ids, enabled: changes.enabled, severity: severity, channelIDs: changes.channelIDs,
                in: organization, transaction
            ).map { RuleDocument($0) }
            try await transaction.batch(
                try zip(changes.ids.sorted { $0.text < $1.text }, documents).map { id, document in
                    try AuditEntry("alert_rule.updated", of: id, in: organization, by: user, data: document).insert
                })
            return documents
        }
        await versions.bump(organization)
        return Page(items: documents, nextCursor: nil)
    }

    /// - Throws: 422 unless all are rules of the organization.
    private func lock(_ ids: [UUID], _ organization: UUID, _ transaction: Transaction) async throws {
        let found = Set(try await rules.lock(ids, in: organization, transaction).map(\.id))
        let missing = ids.filter { !found.contains($0) }.map(\.text)
        guard missing.isEmpty else { throw Problem.invalid("ids", "names no rule with \(missing.listed)") }
    }
}

/// What is to change in which rules; what is left out stays as it is.
private struct RuleChanges: Decodable {
    static let mostRules = 200

    let ids: [UUID]
    let enabled: Bool?
    let severity: String?
    let channelIDs: [UUID]?

    enum CodingKeys: String, CodingKey {
        case ids, enabled, severity
        case channelIDs = "channel_ids"
    }

    /// - Returns: The severity.
    /// - Throws: 422 with everything that is wrong.
    func check() throws -> Severity? {
        let severity = severity.flatMap(Severity.init)
        try validate { check in
            check.count(of: ids, 1...Self.mostRules, "ids")
            check.require(Set(ids).count == ids.count, "ids", "must name each rule once")
            check.require(
                self.severity == nil || severity != nil, "severity",
                "must be one of \(Severity.allCases.map(\.rawValue).listed)")
            check.channels(channelIDs, "channel_ids")
            check.require(
                enabled != nil || self.severity != nil || channelIDs != nil, "",
                "must have at least one of enabled, severity and channel_ids")
        }
        return severity
    }
}
