import Glibc

extension Span where Element == UInt8 {
    /// Whether the bytes at `range` are `literal`, which is in lower case, in any case.
    @inlinable
    public func matches(_ literal: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { expected in
            for offset in 0..<expected.count {
                let byte = self[range.lowerBound + offset]
                let isUppercase = byte >= 0x41 && byte <= 0x5a
                guard (isUppercase ? byte | 0x20 : byte) == expected[offset] else { return false }
            }
            return true
        }
    }

    /// Whether the bytes at `range` are exactly `literal`.
    @inlinable
    public func equals(_ literal: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { expected in
            for offset in 0..<expected.count where self[range.lowerBound + offset] != expected[offset] {
                return false
            }
            return true
        }
    }

    /// Whether the bytes at `range` begin with `literal`, which is in lower case, in any case.
    @inlinable
    public func hasPrefix(_ literal: StaticString, at range: Range<Int>) -> Bool {
        let count = literal.utf8CodeUnitCount
        return range.count >= count && matches(literal, at: range.lowerBound..<range.lowerBound + count)
    }

    /// Whether the bytes at two ranges are equal but for case.
    @inlinable
    public func equalsIgnoringCase(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for offset in 0..<one.count
        where !Self.sameLetter(self[one.lowerBound + offset], self[other.lowerBound + offset]) {
            return false
        }
        return true
    }

    @inlinable
    static func sameLetter(_ one: UInt8, _ other: UInt8) -> Bool {
        if one == other { return true }
        let folded = one | 0x20
        return folded == other | 0x20 && folded >= 0x61 && folded <= 0x7a
    }

    /// Whether every byte at `range` is a member of `set`.
    @inlinable
    public func all(in set: ByteSet, at range: Range<Int>) -> Bool {
        for index in range where !set.contains(self[index]) { return false }
        return true
    }

    /// `range` without spaces and tabs at its ends.
    @inlinable
    public func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower] == ASCII.space || self[lower] == ASCII.tab { lower += 1 }
        while upper > lower, self[upper - 1] == ASCII.space || self[upper - 1] == ASCII.tab { upper -= 1 }
        return lower..<upper
    }

    /// The bytes at `range` as a string; what is not UTF-8 is replaced.
    @inlinable
    public func string(at range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// The first index of `byte` within `range`.
    public func index(of byte: UInt8, in range: Range<Int>) -> Int? {
        // The C library looks at many bytes at once; it keeps to the buffer it is given.
        extracting(range).withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else { return nil }
            return range.lowerBound + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
        }
    }

    /// The next member of a comma-separated list within `rest`, which is moved past it (RFC 9110 §5.6.1).
    @inlinable
    public func nextListMember(_ rest: inout Range<Int>) -> Range<Int>? {
        while !rest.isEmpty {
            let comma = index(of: ASCII.comma, in: rest) ?? rest.upperBound
            let member = trimmed(rest.lowerBound..<comma)
            rest = min(comma + 1, rest.upperBound)..<rest.upperBound
            if !member.isEmpty { return member }
        }
        return nil
    }
}
