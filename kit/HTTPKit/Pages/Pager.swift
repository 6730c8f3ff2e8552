/// The links below a list that does not fit into a page.
public struct Pager: Sendable {
    public let title: String
    public let first: String?
    public let next: String?

    /// Nil where all of the list is shown.
    ///
    /// - Parameters:
    ///   - path: The page's, with what else its query says.
    ///   - cursor: What the cursor is called there.
    ///   - next: Where the next part begins.
    ///   - isFirst: Whether what is shown is the beginning.
    ///   - anchor: The list's id on the page.
    public init?(_ title: String, of path: String, cursor: String, next: String?, isFirst: Bool, anchor: String) {
        guard next != nil || !isFirst else { return nil }
        self.title = title
        let separator = path.contains("?") ? "&" : "?"
        first = isFirst ? nil : "\(path)#\(anchor)"
        self.next = next.map { "\(path)\(separator)\(cursor)=\($0)#\(anchor)" }
    }
}
