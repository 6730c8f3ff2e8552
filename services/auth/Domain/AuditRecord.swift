import Foundation
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
    var entityIDs: [UUID] = []
    /// The users, devices or services that acted.
    var actorIDs: [UUID] = []
    /// Inclusive.
    var start: Timestamp?
    /// Exclusive.
    var end: Timestamp?
}
