import Foundation
import Kernel

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
        try self.init(json: Array(JSONEncoder().encode(AnyJSON(from: decoder))))
    }

    public func encode(to encoder: any Encoder) throws {
        try JSONDecoder().decode(AnyJSON.self, from: Data(json)).encode(to: encoder)
    }
}
