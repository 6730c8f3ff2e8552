import Foundation

/// Some of what a service has, each thing as the event that tells of it as it is now: the answer of
/// `GET /internal/v1/snapshot/<kind>?after=<cursor>`.
///
///     {"items": [{"specversion": "1.0", "type": "device.registered", …}], "next": "0198…"}
public struct SnapshotPage: Sendable, Codable {
    /// How many things a page holds.
    public static let size = 500

    public let items: [Event]
    /// Where the next page begins; nil when there is none.
    public let next: String?

    public init(items: [Event], next: String?) {
        self.items = items
        self.next = next
    }

    /// - Parameter items: As many as were found behind the cursor, up to ``size``, each with its own.
    public init(_ items: [(cursor: String, event: Event)]) {
        self.init(items: items.map(\.event), next: items.count < Self.size ? nil : items.last?.cursor)
    }
}

extension Event: Codable {
    /// Reads an envelope that stands within other JSON.
    public init(from decoder: any Decoder) throws {
        try self.init(json: Array(JSONEncoder().encode(JSONNode(from: decoder))))
    }

    public func encode(to encoder: any Encoder) throws {
        try JSONDecoder().decode(JSONNode.self, from: Data(json)).encode(to: encoder)
    }
}

/// JSON of any shape.
private enum JSONNode: Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONNode].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONNode].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
