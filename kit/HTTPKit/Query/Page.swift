import Foundation
import Hummingbird
import Identity
import NIOCore

/// The order of a list.
public enum SortOrder: String, Sendable, Hashable, Codable, CaseIterable {
    case ascending = "asc"
    case descending = "desc"
}

/// Which page of a list is asked for; `Key` is what the list is sorted by, of the last item before the page.
public struct PageRequest<Key: Codable & Sendable>: Sendable {
    /// At most so many items.
    public let limit: Int
    public let order: SortOrder
    /// Begin behind this; nil for the first page.
    public let after: Key?

    public init(limit: Int, order: SortOrder, after: Key?) {
        self.limit = limit
        self.order = order
        self.after = after
    }

    /// One more than is asked for, which tells whether there is a next page.
    public var fetchLimit: Int { limit + 1 }

    /// The page of `rows`, which were fetched up to ``fetchLimit``.
    public func page<Row, Item>(
        _ rows: some Collection<Row>, key: (Row) -> Key, item: (Row) throws -> Item
    ) throws -> Page<Item> {
        Page(items: try rows.prefix(limit).map(item), nextCursor: try nextCursor(after: rows, key: key))
    }

    /// Where the page behind that of `rows` begins, which were fetched up to ``fetchLimit``; nil on the last one.
    public func nextCursor<Row>(after rows: some Collection<Row>, key: (Row) -> Key) throws -> String? {
        guard rows.count > limit, let last = rows.prefix(limit).reversed().first else { return nil }
        return try cursor(behind: key(last))
    }

    /// The cursor of the page that begins behind `key`, for a list that was not looked through to the end of the page.
    public func cursor(behind key: Key) throws -> String { try Cursor.encode(key, order: order) }

    /// The page of `items`, which were fetched up to ``fetchLimit``.
    public func page<Item>(_ items: some Collection<Item>, key: (Item) -> Key) throws -> Page<Item> {
        try page(items, key: key) { $0 }
    }
}

/// A page of a list: `{"items": […], "next_cursor": "…"}`.
public struct Page<Item: Encodable>: ResponseEncodable {
    public var items: [Item]
    /// Where the next page begins; nil on the last one.
    public var nextCursor: String?

    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    enum CodingKeys: String, CodingKey {
        case items
        case nextCursor = "next_cursor"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

extension Page: Sendable where Item: Sendable {}

extension QueryParameters {
    /// `limit` (1 to `maximum`), `order` and `cursor`.
    ///
    /// - Parameters:
    ///   - order: Where none is asked for.
    ///   - limit: Where none is asked for.
    /// - Throws: 422, for a cursor that is not ours or of another order, too.
    public func page<Key: Codable & Sendable>(
        of key: Key.Type = Key.self, order usual: SortOrder = .descending, limit usualLimit: Int = 50,
        maximum: Int = 1000
    ) throws(Problem) -> PageRequest<Key> {
        let limit = try value("limit", in: 1...maximum) ?? usualLimit
        let order = try value("order", as: SortOrder.self)
        guard let text = self["cursor"] else {
            return PageRequest(limit: limit, order: order ?? usual, after: nil)
        }
        guard let cursor = Cursor<Key>(text), order == nil || order == cursor.order else {
            throw .invalid("cursor", "must be the next_cursor of a page of this list")
        }
        return PageRequest(limit: limit, order: cursor.order, after: cursor.key)
    }

    /// The part of a list that a web page shows: `limit` items behind the cursor called `name`, of which a page with
    /// several lists has several.
    ///
    /// - Parameter order: Where there is no cursor.
    /// - Throws: 404 for a cursor that is not ours.
    public func part<Key: Codable & Sendable>(
        behind name: String, of key: Key.Type, limit: Int, order: SortOrder = .descending
    ) throws(Problem) -> PageRequest<Key> {
        guard let text = self[name] else { return PageRequest(limit: limit, order: order, after: nil) }
        guard let cursor = Cursor<Key>(text) else { throw .notFound() }
        return PageRequest(limit: limit, order: cursor.order, after: cursor.key)
    }
}

/// The opaque text that stands for a place in a list.
struct Cursor<Key: Codable>: Codable {
    let key: Key
    let order: SortOrder

    enum CodingKeys: String, CodingKey {
        case key = "k"
        case order = "o"
    }

    static func encode(_ key: Key, order: SortOrder) throws -> String {
        let json = try JSONCoding.encode(Cursor(key: key, order: order))
        return Base64URL.encode(json.readableBytesView)
    }

    init(key: Key, order: SortOrder) {
        self.key = key
        self.order = order
    }

    /// Nil for what ``encode(_:order:)`` cannot have made.
    init?(_ text: String) {
        guard let bytes = Base64URL.decode(text),
            let cursor = try? JSONCoding.decode(Cursor.self, from: ByteBuffer(bytes: bytes))
        else { return nil }
        self = cursor
    }
}
