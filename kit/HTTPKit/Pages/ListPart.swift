/// A part of a list, as a page shows it.
public struct ListPart<Item: Sendable>: Sendable {
    public let items: [Item]
    /// Where the next part begins; nil for the last one.
    public let next: String?
    public let isFirst: Bool

    /// - Parameter rows: What was fetched up to the part's `fetchLimit`.
    public init<Key>(_ rows: [Item], of part: PageRequest<Key>, key: (Item) -> Key) throws {
        items = Array(rows.prefix(part.limit))
        next = try part.nextCursor(after: rows, key: key)
        isFirst = part.after == nil
    }
}
