import HTTPWire

/// The value of `traceparent` (W3C Trace Context, level 1, §3.2): `00-<trace's id>-<span's id>-<flags>`.
enum TraceParent {
    /// Where the trace's id stands, in every version.
    static let traceID = 3..<35
    /// The longest one that is passed on; that of version 00 has 55 bytes.
    private static let limit = 128
    private static let version00 = 55
    private static let digits = ByteSet(low: 0x03ff_0000_0000_0000, high: 0x0000_007e_0000_0000)

    /// Whether the value at `range` may be passed on. Of versions to come only what they are bound to have is looked at.
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let start = range.lowerBound
        guard (version00...limit).contains(range.count), bytes.all(in: .token, at: range),
            isField(bytes, start..<start + 2), isField(bytes, start + 3..<start + 35, mayBeZero: false),
            isField(bytes, start + 36..<start + 52, mayBeZero: false),
            bytes.all(in: digits, at: start + 53..<start + 55), !bytes.equals("ff", at: start..<start + 2)
        else { return false }
        guard range.count > version00 else { return true }
        return bytes[start + version00] == ASCII.dash && !bytes.equals("00", at: start..<start + 2)
    }

    /// Whether there are digits, with a dash behind them.
    private static func isField(_ bytes: Span<UInt8>, _ range: Range<Int>, mayBeZero: Bool = true) -> Bool {
        guard bytes.all(in: digits, at: range), bytes[range.upperBound] == ASCII.dash else { return false }
        return mayBeZero || range.contains { bytes[$0] != ASCII.zero }
    }
}
