import Foundation
import Kernel
import Postgres
import ServiceKit

/// A fact that a service tells the others: a CloudEvents 1.0 envelope in JSON, with the extensions `organizationid`,
/// `subjectversion`, `actor` and `traceparent`.
public struct Event: Sendable {
    public let id: UUID
    /// The service that tells it.
    public let source: Service
    /// Such as `device.registered`; a breaking change of the data is a new type that ends in `.v2`.
    public let type: String
    /// The id of what it is about.
    public let subject: String
    /// Counts the changes of the subject, so that a consumer can tell an old fact from a new one.
    public let subjectVersion: Int
    public let organizationID: UUID?
    public let time: Timestamp
    /// Who caused it: `user:<id>`, `device:<id>` or `system`; nil where the source does not say.
    public let actor: String?
    public let traceparent: String?
    /// The whole envelope as it goes over the wire.
    public let json: [UInt8]

    /// Makes an event of now, with a new id.
    ///
    /// - Parameter traceparent: Nil for that of what the task works for.
    /// - Throws: `EncodingError`.
    public init<Data: Encodable>(
        source: Service, type: String, subject: String, subjectVersion: Int, organizationID: UUID?,
        actor: String? = nil, traceparent: String? = nil, data: Data
    ) throws {
        id = UUID.v7()
        self.source = source
        self.type = type
        self.subject = subject
        self.subjectVersion = subjectVersion
        self.organizationID = organizationID
        time = .now
        self.actor = actor
        self.traceparent = traceparent ?? RequestTrace.current?.trace.traceparent
        json = Array(
            try JSONEncoder().encode(
                Envelope(
                    id: id.text, source: source.rawValue, type: type, subject: subject, time: time,
                    dataschema: "https://lms-core.dev/schemas/\(type)", organizationid: organizationID?.text,
                    subjectversion: subjectVersion, actor: actor, traceparent: self.traceparent, data: data)))
    }

    /// Reads an envelope.
    ///
    /// - Throws: `DecodingError`.
    public init(json: [UInt8]) throws {
        let attributes = try JSONDecoder().decode(Attributes.self, from: Data(json))
        guard let id = UUID(uuidString: attributes.id), let source = Service(rawValue: attributes.source) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "id must be a UUID and source a service"))
        }
        self.id = id
        self.source = source
        type = attributes.type
        subject = attributes.subject
        subjectVersion = attributes.subjectversion
        organizationID = attributes.organizationid.flatMap(UUID.init(uuidString:))
        time = attributes.time
        actor = attributes.actor
        traceparent = attributes.traceparent
        self.json = json
    }

    /// The user who caused it; nil for anything else.
    public var userID: UUID? {
        guard let actor, actor.hasPrefix("user:") else { return nil }
        return UUID(uuidString: String(actor.dropFirst("user:".count)))
    }

    /// The data of the event.
    ///
    /// - Throws: `DecodingError`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(DataOnly<Value>.self, from: Data(json)).data
    }
}

/// The attribute names are CloudEvents': lower case without separators (§3.1, Naming Conventions).
private struct Envelope<Payload: Encodable>: Encodable {
    var specversion = "1.0"
    let id: String
    let source: String
    let type: String
    let subject: String
    let time: Timestamp
    var datacontenttype = "application/json"
    let dataschema: String
    let organizationid: String?
    let subjectversion: Int
    let actor: String?
    let traceparent: String?
    let data: Payload
}

private struct Attributes: Decodable {
    let id: String
    let source: String
    let type: String
    let subject: String
    let time: Timestamp
    let organizationid: String?
    let subjectversion: Int
    let actor: String?
    let traceparent: String?
}

private struct DataOnly<Payload: Decodable>: Decodable {
    let data: Payload
}
