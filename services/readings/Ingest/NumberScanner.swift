/// Reads one JSON number (RFC 8259 §6), correctly rounded.
///
/// Up to 15 digits and a power of ten up to 22 are exact in binary64, so one multiplication or division rounds once and
/// correctly (Clinger, "How to Read Floating Point Numbers Accurately", 1990); the rest goes to the standard library.
struct NumberScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position: Int

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
    private static let exactDigits = 15

    /// The number that is the whole of `text`; too large a one is infinite.
    static func number(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = NumberScanner(bytes: bytes, position: 0)
            guard let value = scanner.scan(), scanner.position == bytes.count else { return nil }
            return value
        }
    }

    /// The number; nil where there is none, and then `position` is at the byte that does not belong.
    mutating func scan() -> Double? {
        let start = position
        let isNegative = skip("-")
        var mantissa: UInt64 = 0
        let leading = position
        let whole = digits(into: &mantissa)
        guard whole > 0, whole == 1 || bytes[leading] != UInt8(ascii: "0") else { return nil }
        var significant = whole
        var exponent = 0
        var exponentDigits = 0
        if skip(".") {
            let fraction = digits(into: &mantissa)
            guard fraction > 0 else { return nil }
            significant += fraction
            exponent = -fraction
        }
        if skip("e") || skip("E") {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            var magnitude: UInt64 = 0
            exponentDigits = digits(into: &magnitude)
            guard exponentDigits > 0 else { return nil }
            exponent += Int(min(magnitude, 100_000)) * (isNegative ? -1 : 1)
        }
        guard significant <= Self.exactDigits, exponentDigits <= Self.exactDigits,
            abs(exponent) < Self.powersOfTen.count
        else {
            return Double(String(decoding: bytes[start..<position], as: UTF8.self))
        }
        let power = Self.powersOfTen[abs(exponent)]
        let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        return isNegative ? -magnitude : magnitude
    }

    /// How many digits were read; what exceeds 64 bits wraps, and is then not used.
    private mutating func digits(into value: inout UInt64) -> Int {
        let start = position
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        return position - start
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
