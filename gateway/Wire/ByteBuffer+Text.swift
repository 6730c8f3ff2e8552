import NIOCore

extension ByteBuffer {
    /// Appends the bytes at `range` of a head.
    mutating func write(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        writeBytes(bytes.extracting(range).bytes)
    }

    /// Appends a number that is not negative, in decimal.
    mutating func writeDecimal(_ value: Int) {
        var divisor = 1
        while value / divisor >= 10 { divisor *= 10 }
        var rest = value
        while divisor > 0 {
            writeInteger(ASCII.zero + UInt8(rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Appends 16 hexadecimal digits.
    mutating func writeHexadecimal(_ value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xf
            writeInteger(digit < 10 ? ASCII.zero + digit : 0x57 + digit)
        }
    }

    /// Appends a JSON string (RFC 8259 §7) with the bytes of `text`; what is not ASCII passes as it is.
    mutating func writeJSONString(_ text: Span<UInt8>) {
        writeInteger(UInt8(ascii: "\""))
        for index in text.indices { writeJSONCharacter(text[index]) }
        writeInteger(UInt8(ascii: "\""))
    }

    /// Appends a JSON string.
    mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        for byte in text.utf8 { writeJSONCharacter(byte) }
        writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeJSONCharacter(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): writeStaticString("\\\"")
        case ASCII.backslash: writeStaticString("\\\\")
        case 0..<ASCII.space:
            writeStaticString("\\u00")
            writeInteger(ASCII.zero + (byte >> 4))
            let low = byte & 0xf
            writeInteger(low < 10 ? ASCII.zero + low : 0x57 + low)
        default: writeInteger(byte)
        }
    }
}
