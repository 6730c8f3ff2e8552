/// The escapes of a JSON string (RFC 8259 §7).
enum JSONEscapes {
    /// The string that `raw`, the bytes between the quotes, stands for; nil when an escape or the UTF-8 is malformed.
    static func decode(_ raw: some Collection<UInt8>) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(raw.count)
        var rest = raw[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            if escape == UInt8(ascii: "u") {
                guard let scalar = scalar(&rest) else { return nil }
                output.append(contentsOf: Array(String(Character(scalar)).utf8))
            } else {
                guard let plain = simple[escape] else { return nil }
                output.append(plain)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    /// Four hexadecimal digits, or two such escapes for a pair of surrogates.
    private static func scalar<Bytes: Collection<UInt8>>(_ rest: inout Bytes) -> Unicode.Scalar?
    where Bytes.SubSequence == Bytes {
        guard let high = hexadecimal(&rest) else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
            let low = hexadecimal(&rest), (0xDC00..<0xE000).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private static func hexadecimal<Bytes: Collection<UInt8>>(_ rest: inout Bytes) -> UInt32?
    where Bytes.SubSequence == Bytes {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = rest.popFirst(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
