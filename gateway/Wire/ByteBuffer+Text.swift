import HTTPWire
import NIOCore

extension ByteBuffer {
    /// Appends 16 hexadecimal digits.
    mutating func writeHexadecimal(_ value: UInt64) {
        var text = InlineArray<16, UInt8>(repeating: 0)
        var rest = value
        for index in text.indices.reversed() {
            text[index] = ASCII.hexadecimal(UInt8(truncatingIfNeeded: rest & 0xf))
            rest >>= 4
        }
        writeBytes(text.span.bytes)
    }

    /// Appends a JSON string (RFC 8259 §7) with the bytes of `text`; what is not ASCII passes as it is.
    mutating func writeJSONString(_ text: Span<UInt8>) {
        writeStaticString("\"")
        var start = 0
        for index in text.indices where Self.mustEscape(text[index]) {
            write(text, start..<index)
            writeEscaped(text[index])
            start = index + 1
        }
        write(text, start..<text.count)
        writeStaticString("\"")
    }

    /// Appends a JSON string.
    mutating func writeJSONString(_ text: String) {
        writeJSONString(ByteBuffer(string: text).readableBytesUInt8Span)
    }

    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < ASCII.space || byte == UInt8(ascii: "\"") || byte == ASCII.backslash
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        writeStaticString("\\u00")
        writeInteger(ASCII.hexadecimal(byte >> 4))
        writeInteger(ASCII.hexadecimal(byte & 0xf))
    }
}
