import FoundationEssentials

extension UUID {
    /// The id that `digits` write as every answer does, in lower or upper case (RFC 9562 §4); nil for anything else.
    ///
    /// For what comes with every request: `UUID(uuidString:)` makes a C string and scans that.
    public init?(digits: Span<UInt8>) {
        guard digits.count == 36, digits[8] == Self.dash, digits[13] == Self.dash, digits[18] == Self.dash,
            digits[23] == Self.dash,
            let timeLow = Self.value(digits, 0..<8), let timeMid = Self.value(digits, 9..<13),
            let timeHigh = Self.value(digits, 14..<18), let sequence = Self.value(digits, 19..<23),
            let node = Self.value(digits, 24..<36)
        else { return nil }
        let high = timeLow << 32 | timeMid << 16 | timeHigh
        let low = sequence << 48 | node
        self = withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.load(as: uuid_t.self)) }
    }

    private static let dash = UInt8(ascii: "-")

    /// What the hexadecimal digits at `range` say; nil when there are others.
    private static func value(_ digits: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        var value: UInt64 = 0
        var all: UInt8 = 0
        for index in range {
            let digit = hexDigit(digits[index])
            all |= digit
            value = value << 4 | UInt64(digit & 0x0f)
        }
        return all < 16 ? value : nil
    }

    /// The value of a hexadecimal digit; 255 for another code.
    private static func hexDigit(_ code: UInt8) -> UInt8 {
        let number = code &- UInt8(ascii: "0")
        let letter = (code | 0x20) &- UInt8(ascii: "a")
        return number < 10 ? number : letter < 6 ? letter + 10 : .max
    }
}
