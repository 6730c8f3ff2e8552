import Foundation
import Identity
import Postgres

/// A row of the event log as it is read: who did what to which entity.
struct AuditRecord: Sendable {
    let id: UUID
    let timestamp: Timestamp
    /// Nil for what a person did outside of every organization, such as signing in.
    let organizationID: UUID?
    let entityID: UUID
    let type: String
    let data: JSONB
    let actor: JSONB

    var position: AuditPosition { AuditPosition(timestamp: timestamp, id: id) }
}

/// A place in the event log, which is sorted by time.
struct AuditPosition: Sendable, Hashable, Codable {
    let timestamp: Timestamp
    let id: UUID

    enum CodingKeys: String, CodingKey {
        case timestamp = "t"
        case id = "i"
    }
}

/// Which rows of the event log a list is of; an empty filter takes all.
struct AuditFilter: Sendable {
    var types: [String] = []
    /// The words before the first dot of the types; nil for all.
    var families: [String]?
    var entityIDs: [UUID] = []
    /// The users, devices or services that acted.
    var actorIDs: [UUID] = []
    /// Inclusive.
    var start: Timestamp?
    /// Exclusive.
    var end: Timestamp?

    /// The rows about an entity that somebody may see of the active organization. What is about people, credentials and
    /// the organization is for admins; everybody sees the own history.
    mutating func confine(to entity: UUID, seenBy user: UserPrincipal) {
        entityIDs = [entity]
        guard entity != user.id, (user.role ?? .viewer) < .admin else { return }
        families = [
            "entity", "relationship", "project", "device", "alert", "alert_rule", "alert_channel",
            "alert_maintenance_window",
        ]
    }
}
