/// The identity of an entry of a stream, `<milliseconds>-<sequence>`; greater means later.
public struct StreamID: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since 1970 UTC.
    public let milliseconds: UInt64
    public let sequence: UInt64

    public init(milliseconds: UInt64, sequence: UInt64 = 0) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Before every entry.
    public static let zero = StreamID(milliseconds: 0)

    public static func < (lhs: StreamID, rhs: StreamID) -> Bool {
        (lhs.milliseconds, lhs.sequence) < (rhs.milliseconds, rhs.sequence)
    }
}

extension StreamID: LosslessStringConvertible {
    /// Reads both numbers; the sequence may be left out and is then 0.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { UInt64($0) }
        guard numbers.count == parts.count, let milliseconds = numbers.first else { return nil }
        self.init(milliseconds: milliseconds, sequence: numbers.dropFirst().first ?? 0)
    }

    public var description: String { "\(milliseconds)-\(sequence)" }
}

extension StreamID: RedisArgument {
    public func encode(into encoder: inout RESPEncoder) { encoder.append(bulk: description.utf8) }
}
