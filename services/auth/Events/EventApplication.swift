import EventBus
import Foundation
import Identity
import Postgres

/// Applies what is told on the streams: billing's limits.
struct EventApplication: Sendable {
    /// What it does something for.
    static let types: Set<String> = ["limits.changed"]

    let limits: LimitStore

    func apply(_ event: Event, _ transaction: Transaction) async throws {
        guard event.type == "limits.changed" else { return }
        let change = try event.decode(LimitsChanged.self)
        try await limits.keep(
            change.limits.members, plan: change.plan, of: change.organizationID, version: event.subjectVersion,
            transaction)
    }

    /// What this service keeps of others, as they tell it anew. None of it is needed to serve: an organization without
    /// limits is not limited.
    func sources(billing: PeerClient) -> [SnapshotSource] {
        let limits = ProjectionPart(
            "limits", subjects: "SELECT organization_id::text FROM auth.limits"
        ) { ids, transaction in
            try await transaction.query("DELETE FROM auth.limits WHERE organization_id = ANY(\(ids)::uuid[])")
        }
        return [SnapshotSource(.billing, parts: [limits]) { try await billing.get($0) }]
    }
}

/// The data of billing's `limits.changed`; null is unlimited.
private struct LimitsChanged: Decodable {
    struct Limits: Decodable {
        let members: Int?
    }

    let organizationID: UUID
    let plan: String
    let limits: Limits

    enum CodingKeys: String, CodingKey {
        case plan, limits
        case organizationID = "organization_id"
    }
}
