import NIOCore

/// Tells whether bytes are a JSON text (RFC 8259), without making anything of it.
///
/// It is what divides 400 from 422: `JSONDecoder` takes some texts that are no JSON, and calls numbers that do not fit
/// their type malformed.
struct JSONScanner {
    enum Verdict: Hashable {
        case valid
        /// The byte at this offset cannot stand there.
        case malformed(at: Int)
        case notUTF8
        case tooDeep
    }

    private let bytes: UnsafeRawBufferPointer
    private let maximumDepth: Int
    private var position = 0
    private var isASCII = true

    static func scan(_ buffer: ByteBuffer, maximumDepth: Int) -> Verdict {
        buffer.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes: bytes, maximumDepth: maximumDepth)
            let verdict = scanner.text()
            guard verdict == .valid, !scanner.isASCII else { return verdict }
            return String(validating: bytes, as: UTF8.self) == nil ? .notUTF8 : .valid
        }
    }

    private init(bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Whether each level that is open is an object: depth costs a bit, not stack.
    private var nesting: [Bool] = []

    private mutating func text() -> Verdict {
        repeat {
            skipSpace()
            if peek == UInt8(ascii: "{") || peek == UInt8(ascii: "[") {
                guard nesting.count < maximumDepth else { return .tooDeep }
                guard let isEmpty = open() else { return .malformed(at: position) }
                if !isEmpty { continue }
            } else {
                guard scalar() else { return .malformed(at: position) }
            }
            guard close() else { return .malformed(at: position) }
        } while !nesting.isEmpty
        skipSpace()
        return position == bytes.count ? .valid : .malformed(at: position)
    }

    /// The beginning of an object, up to its first value, or array; whether it ends at once. Nil for neither.
    private mutating func open() -> Bool? {
        let isObject = take("{")
        if !isObject { position += 1 }
        skipSpace()
        if take(isObject ? "}" : "]") { return true }
        nesting.append(isObject)
        return !isObject || name() ? false : nil
    }

    /// What follows a value: the ends of the levels that it is the last of, then a comma, and a member's name.
    private mutating func close() -> Bool {
        while let isObject = nesting.last {
            skipSpace()
            if take(",") {
                skipSpace()
                return !isObject || name()
            }
            guard take(isObject ? "}" : "]") else { return false }
            nesting.removeLast()
        }
        return true
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// A member's name and its colon.
    private mutating func name() -> Bool {
        guard string() else { return false }
        skipSpace()
        return take(":")
    }

    private mutating func scalar() -> Bool {
        switch peek {
        case UInt8(ascii: "\""): string()
        case UInt8(ascii: "t"): literal("true")
        case UInt8(ascii: "f"): literal("false")
        case UInt8(ascii: "n"): literal("null")
        default: number()
        }
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        let matches = bytes[position...].starts(
            with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        if matches { position += text.utf8CodeUnitCount }
        return matches
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"):
                position += 1
                guard escape() else { return false }
            case 0..<0x20: return false
            default:
                if byte >= 0x80 { isASCII = false }
                position += 1
            }
        }
        return false
    }

    /// What follows a backslash.
    private mutating func escape() -> Bool {
        guard let byte = peek else { return false }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard let digit = peek, Self.isHexDigit(digit) else { return false }
                position += 1
            }
            return true
        default: return false
        }
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") {
            guard digits() else { return false }
        }
        if take(".") {
            guard digits() else { return false }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
