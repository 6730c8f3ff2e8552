import Kernel

/// A type of entity that an organization makes up itself, such as `room` or `equipment.freezer`: what the directory
/// alone knows.
struct CustomType: Sendable, Hashable {
    static let maximumLength = 100
    static let rule = """
        must be lower-case words of letters, digits and underscores joined by dots, such as equipment.freezer, and not \
        begin with \(reserved.sorted().joined(separator: ", "))
        """
    /// What other parts of the platform own.
    private static let reserved: Set<Substring> = ["user", "organization", "project", "device"]

    let text: String

    /// Nil when `text` is no such type.
    init?(_ text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumLength, let first = words.first, !Self.reserved.contains(first),
            words.allSatisfy(Self.isWord)
        else { return nil }
        self.text = text
    }

    private static func isWord(_ word: Substring) -> Bool {
        guard let first = word.unicodeScalars.first, ("a"..."z").contains(first) else { return false }
        return word.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
        }
    }
}

/// An entity of a custom type as somebody describes it, checked.
struct CustomEntity: Sendable {
    let type: CustomType
    let name: DisplayName
    let description: String
    let properties: [String: AnyJSON]
}
