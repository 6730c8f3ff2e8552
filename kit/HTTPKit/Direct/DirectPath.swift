import FoundationEssentials

/// The path of a ``DirectRoute``, with an id at the place of its only parameter.
public struct DirectPath: Sendable {
    private let prefix: String
    private let suffix: String

    /// - Parameter pattern: As in the route table: `/api/v1/devices/{id}/readings`.
    public init(_ pattern: String) {
        prefix = String(pattern.prefix { $0 != "{" })
        suffix = String(pattern.drop { $0 != "}" }.dropFirst())
    }

    /// The id in `path`; nil for another path.
    public func id(in path: some StringProtocol) -> UUID? {
        guard path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count == prefix.utf8.count + Self.idLength + suffix.utf8.count
        else { return nil }
        return UUID(uuidString: String(path.dropFirst(prefix.count).prefix(Self.idLength)))
    }

    /// Of a UUID as text.
    private static let idLength = 36
}
