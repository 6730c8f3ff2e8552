import HTTPKit
import Kernel
import Postgres

/// A row of the event log.
struct AuditAnswer: Encodable {
    static let columns = ["timestamp", "event_type", "entity_id", "organization_id", "actor", "data", "id"]

    let id: String
    let timestamp: Timestamp
    let organizationID: String?
    let entityID: String
    let eventType: String
    let actor: AnyJSON
    let data: AnyJSON

    /// - Throws: `DecodingError`.
    init(_ record: AuditRecord) throws {
        id = record.id.text
        timestamp = record.timestamp
        organizationID = record.organizationID?.text
        entityID = record.entityID.text
        eventType = record.type
        actor = try record.actor.decode()
        data = try record.data.decode()
    }

    enum CodingKeys: String, CodingKey {
        case id, timestamp
        case organizationID = "organization_id"
        case entityID = "entity_id"
        case eventType = "event_type"
        case actor, data
    }
}

extension CSVRow {
    /// In the order of ``AuditAnswer/columns``.
    init(_ record: AuditRecord) {
        self.init()
        append(verbatim: record.timestamp.rfc3339)
        append(verbatim: record.type)
        append(verbatim: record.entityID.text)
        append(verbatim: record.organizationID?.text ?? "")
        append(verbatim: String(decoding: record.actor.bytes, as: UTF8.self))
        append(verbatim: String(decoding: record.data.bytes, as: UTF8.self))
        append(verbatim: record.id.text)
    }
}
