import FoundationEssentials
import HTTPWire
import Kernel

/// The path of a ``DirectRoute``, with an id at the place of its only parameter.
public struct DirectPath: Sendable {
    private let prefix: [UInt8]
    private let suffix: [UInt8]

    /// - Parameter pattern: As in the route table: `/api/v1/devices/{id}/readings`.
    public init(_ pattern: String) {
        prefix = Array(pattern.utf8.prefix { $0 != UInt8(ascii: "{") })
        suffix = Array(pattern.utf8.drop { $0 != UInt8(ascii: "}") }.dropFirst())
    }

    /// The id in the path of a head; nil for another path.
    public func id(in head: DirectHead) -> UUID? {
        let path = head.bytes.readableBytesUInt8Span.extracting(head.head.path)
        let idEnd = prefix.count + Self.idLength
        guard path.count == idEnd + suffix.count, Self.equals(path, 0, prefix), Self.equals(path, idEnd, suffix) else {
            return nil
        }
        return UUID(digits: path.extracting(prefix.count..<idEnd))
    }

    private static func equals(_ path: Span<UInt8>, _ start: Int, _ part: [UInt8]) -> Bool {
        for index in part.indices where path[start + index] != part[index] { return false }
        return true
    }

    /// Of a UUID as text.
    private static let idLength = 36
}
