import Crypto
import Hummingbird
import Identity
import NIOCore

/// The strong entity tag of a resource's version (RFC 9110, section 8.8.3): `"7"`, or `"7-x3kQ2mN8vT1aYp0Z"` with a hash
/// of what is answered, where that depends on who asks and not on the version alone.
public struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    public let version: Int
    private let hash: String?

    public init(version: Int) {
        self.version = version
        hash = nil
    }

    /// The tag of what one caller sees of a version.
    init(version: Int, of body: ByteBuffer) {
        self.version = version
        hash = Base64URL.encode(SHA256.hash(data: body.readableBytesView).prefix(12))
    }

    public var description: String { hash.map { "\"\(version)-\($0)\"" } ?? "\"\(version)\"" }

    /// Whether the value of `If-None-Match` names `tag`; weak comparison, since compression makes our tags weak.
    static func list(_ list: String, contains tag: String) -> Bool {
        list.split(separator: ",").map(\.trimmed).contains { $0 == "*" || opaque($0) == opaque(tag) }
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
        let tags = condition.split(separator: ",").map(\.trimmed)
        guard !tags.contains("*") else { return nil }
        return Set(
            tags.compactMap { tag in
                let tag = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
                guard tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return nil }
                // What is changed is the resource, whichever way the caller saw it.
                return Int(tag.dropFirst().dropLast().prefix { $0 != "-" })
            })
    }

    /// - Throws: 412 when `If-Match` is there and does not name `version`.
    public func requireMatch(_ version: Int) throws(Problem) {
        guard let versions = versionsToMatch, !versions.contains(version) else { return }
        throw .preconditionFailed()
    }
}
