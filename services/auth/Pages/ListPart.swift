import HTTPKit

/// A part of a list, as a page shows it.
struct ListPart<Item: Sendable>: Sendable {
    let items: [Item]
    /// Where the next part begins; nil for the last one.
    let next: String?
    let isFirst: Bool

    /// - Parameter rows: What was fetched up to the part's `fetchLimit`.
    init<Key>(_ rows: [Item], of part: PageRequest<Key>, key: (Item) -> Key) throws {
        items = Array(rows.prefix(part.limit))
        next = try part.nextCursor(after: rows, key: key)
        isFirst = part.after == nil
    }
}
