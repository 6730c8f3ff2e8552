import HTTPWire

/// A request path that has one meaning only.
///
/// A service decodes a path once; so does this. What could be read as another path than the one that was routed is
/// refused: dot segments and empty segments, plain or encoded, encoded slashes and backslashes, control characters.
enum RequestPath {
    enum Form: Equatable {
        /// The bytes can be matched as they are.
        case plain
        /// The path has escapes; these are its bytes without them.
        case decoded([UInt8])
    }

    /// Checks the path at `range`, which begins with a slash.
    ///
    /// - Throws: `MessageError.malformed`.
    static func check(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageError) -> Form {
        var escaped = false
        for index in range {
            let byte = bytes[index]
            guard byte >= 128 || ByteSet.path.contains(byte) else {
                throw .malformed("the path holds a character that must be percent-encoded")
            }
            if byte == ASCII.percent { escaped = true }
        }
        guard escaped else {
            try checkSegments(bytes, range)
            return .plain
        }
        let decoded = try decode(bytes, range)
        try checkSegments(decoded.span, 0..<decoded.count)
        return .decoded(decoded)
    }

    private static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageError) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == ASCII.percent else {
                decoded.append(byte)
                continue
            }
            guard index + 1 < range.upperBound, let high = ASCII.hexDigit(bytes[index]),
                let low = ASCII.hexDigit(bytes[index + 1])
            else { throw .malformed("the path holds a percent sign without two hexadecimal digits") }
            let value = high << 4 | low
            guard value >= ASCII.space, value != ASCII.delete, value != ASCII.slash, value != ASCII.backslash else {
                throw .malformed("the path holds an encoded slash, backslash or control character")
            }
            decoded.append(value)
            index += 2
        }
        return decoded
    }

    private static func checkSegments(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageError) {
        var start = range.lowerBound + 1
        while start < range.upperBound {
            let end = bytes.index(of: ASCII.slash, in: start..<range.upperBound) ?? range.upperBound
            switch end - start {
            case 0: throw .malformed("the path holds an empty segment")
            case 1 where bytes[start] == ASCII.dot: throw .malformed("the path holds a dot segment")
            case 2 where bytes[start] == ASCII.dot && bytes[start + 1] == ASCII.dot:
                throw .malformed("the path holds a dot segment")
            default: start = end + 1
            }
        }
    }
}
