import Hummingbird

/// The strong entity tag of a resource's version: `"7"` (RFC 9110, section 8.8.3).
public struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    public let version: Int

    public init(version: Int) {
        self.version = version
    }

    public var description: String { "\"\(version)\"" }

    /// Whether the value of `If-None-Match` names `tag`; weak comparison, since compression makes our tags weak.
    static func list(_ list: String, contains tag: String) -> Bool {
        list.split(separator: ",").map { $0.trimmed() }.contains { $0 == "*" || opaque($0) == opaque(tag) }
    }

    private static func opaque(_ tag: String) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
    }
}

extension Request {
    /// The versions that `If-Match` allows a change of; nil when any will do.
    ///
    /// A tag that no version can have matches nothing, so the set may be empty.
    public var versionsToMatch: Set<Int>? {
        guard let condition = headers[.ifMatch] else { return nil }
        let tags = condition.split(separator: ",").map { $0.trimmed() }
        guard !tags.contains("*") else { return nil }
        return Set(
            tags.compactMap { tag in
                let tag = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
                return tag.hasPrefix("\"") && tag.hasSuffix("\"") ? Int(tag.dropFirst().dropLast()) : nil
            })
    }

    /// - Throws: 412 when `If-Match` is there and does not name `version`.
    public func requireMatch(_ version: Int) throws(Problem) {
        guard let versions = versionsToMatch, !versions.contains(version) else { return }
        throw .preconditionFailed()
    }
}
