import EventBus
import FoundationEssentials
import Identity
import Postgres

/// Keeps the projection of limits up with the events of billing.
struct LimitProjection: Sendable {
    /// What it does something for.
    static let types: Set<String> = ["limits.changed"]

    let limits: LimitStore

    @Sendable func apply(_ event: Event, _ transaction: Transaction) async throws {
        guard event.type == "limits.changed" else { return }
        let change = try event.decode(LimitsChanged.self)
        let limits = IngestLimits(
            plan: change.plan, readingsPerMonth: change.limits.readingsPerMonth,
            readingsPerMinute: change.limits.readingsPerMinute)
        try await self.limits.keep(
            limits, retentionDays: change.limits.retentionDays, of: change.organizationID,
            version: event.subjectVersion, transaction)
    }

    /// The limits, as billing tells them anew. They are not needed to serve: an organization without limits is not
    /// limited.
    func sources(billing: PeerClient) -> [SnapshotSource] {
        let limits = ProjectionPart(
            "limits", subjects: "SELECT organization_id::text FROM readings.limits"
        ) { ids, transaction in
            try await transaction.query("DELETE FROM readings.limits WHERE organization_id = ANY(\(ids)::uuid[])")
        }
        return [SnapshotSource(.billing, parts: [limits]) { try await billing.get($0) }]
    }
}

/// The data of billing's `limits.changed`; null is unlimited.
private struct LimitsChanged: Decodable {
    struct Limits: Decodable {
        let readingsPerMonth: Int?
        let readingsPerMinute: Int?
        let retentionDays: Int?

        enum CodingKeys: String, CodingKey {
            case readingsPerMonth = "readings_per_month"
            case readingsPerMinute = "readings_per_minute"
            case retentionDays = "retention_days"
        }
    }

    let organizationID: UUID
    let plan: String
    let limits: Limits

    enum CodingKeys: String, CodingKey {
        case plan, limits
        case organizationID = "organization_id"
    }
}
