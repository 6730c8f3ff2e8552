/// Reads JSON (RFC 8259) token by token straight from bytes, without building values that nobody asked for.
struct JSONScanner {
    enum Failure: Error, Equatable {
        /// Not JSON, at this offset.
        case malformed(offset: Int)
        case tooDeep
    }

    enum Kind {
        case object, array, string, number, boolean, null
    }

    static let maximumDepth = 32
    /// Those of numbers in values that are kept as they stand, besides zero. `jsonb` writes all digits of a number: of
    /// 1e308 more than three hundred, and of 1e99999 more than it keeps.
    private static let magnitudes = 1e-38...1e38

    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    /// Whether the value that was passed over last has a number that is not of ``magnitudes``.
    private(set) var hasPassedExtremeNumber = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    var failure: Failure { .malformed(offset: position) }

    // MARK: Structure

    /// What the next value is, without consuming it.
    mutating func peekKind() throws(Failure) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw failure }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: throw failure
        }
    }

    mutating func beginObject() throws(Failure) { try expect("{") }
    mutating func beginArray() throws(Failure) { try expect("[") }

    /// Whether another element follows; consumes the comma before it or the bracket behind the last one.
    mutating func nextElement(isFirst: inout Bool) throws(Failure) -> Bool {
        try next(closing: "]", isFirst: &isFirst)
    }

    /// The next key with its colon, or nil behind the last one.
    mutating func nextKey(isFirst: inout Bool) throws(Failure) -> JSONKey? {
        guard try next(closing: "}", isFirst: &isFirst) else { return nil }
        skipWhitespace()
        guard let key = JSONKey(try rawString()) else { throw failure }
        try expect(":")
        return key
    }

    /// Nothing but white space may follow.
    mutating func end() throws(Failure) {
        skipWhitespace()
        guard position == bytes.count else { throw failure }
    }

    private mutating func next(closing: Unicode.Scalar, isFirst: inout Bool) throws(Failure) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw failure }
        if bytes[position] == UInt8(ascii: closing) {
            position += 1
            return false
        }
        if !isFirst { try expect(",") }
        isFirst = false
        return true
    }

    // MARK: Values

    mutating func boolean() throws(Failure) -> Bool {
        skipWhitespace()
        if bytes[position] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    mutating func null() throws(Failure) {
        skipWhitespace()
        try literal("null")
    }

    /// A number, correctly rounded; too large a one is infinite.
    mutating func number() throws(Failure) -> Double {
        skipWhitespace()
        var number = NumberScanner(bytes: bytes, position: position)
        guard let value = number.scan() else { throw failure }
        position = number.position
        return value
    }

    mutating func string() throws(Failure) -> String {
        skipWhitespace()
        let start = position
        let raw = try rawString()
        guard raw.contains(UInt8(ascii: "\\")) else {
            guard let text = String(validating: raw, as: UTF8.self) else { throw .malformed(offset: start) }
            return text
        }
        guard let text = JSONEscapes.decode(raw) else { throw .malformed(offset: start) }
        return text
    }

    /// The bytes between the quotes, escapes as they stand.
    mutating func rawString() throws(Failure) -> Slice<UnsafeBufferPointer<UInt8>> {
        try expect("\"")
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return bytes[start..<position]
            case UInt8(ascii: "\\"): position += 2
            case 0..<0x20: throw failure
            default: position += 1
            }
        }
        throw failure
    }

    /// Passes over a value and answers the bytes it stands in.
    @discardableResult
    mutating func skipValue(depth: Int = 0) throws(Failure) -> Slice<UnsafeBufferPointer<UInt8>> {
        guard depth < Self.maximumDepth else { throw .tooDeep }
        if depth == 0 { hasPassedExtremeNumber = false }
        let kind = try peekKind()
        let start = position
        var isFirst = true
        switch kind {
        case .object:
            try beginObject()
            while try nextKey(isFirst: &isFirst) != nil { try skipValue(depth: depth + 1) }
        case .array:
            try beginArray()
            while try nextElement(isFirst: &isFirst) { try skipValue(depth: depth + 1) }
        case .string: _ = try string()
        case .number:
            let value = try number()
            // Zero itself is of zeros, a point and a sign.
            let isZero = bytes[start..<position].allSatisfy { "0.-".utf8.contains($0) }
            if !isZero, !Self.magnitudes.contains(abs(value)) { hasPassedExtremeNumber = true }
        case .boolean: _ = try boolean()
        case .null: try null()
        }
        return bytes[start..<position]
    }

    // MARK: Bytes

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { throw failure }
        position += 1
    }

    private mutating func literal(_ text: StaticString) throws(Failure) {
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count,
            text.withUTF8Buffer({ $0.elementsEqual(bytes[position..<position + length]) })
        else { throw failure }
        position += length
    }
}
