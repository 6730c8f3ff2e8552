/// A span's place in a distributed trace (W3C Trace Context, level 1), as the header `traceparent` carries it.
public struct TraceContext: Sendable, Hashable {
    /// 16 bytes, not all zero.
    public let traceID: UInt128
    /// 8 bytes, not all zero; named `parent-id` in the header.
    public let spanID: UInt64
    /// Whether the caller records the trace.
    public let isSampled: Bool

    public init(traceID: UInt128, spanID: UInt64, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// A new trace, for a request that came without one.
    public static func root() -> TraceContext {
        TraceContext(traceID: .random(in: 1 ... .max), spanID: .random(in: 1 ... .max), isSampled: false)
    }

    /// The trace that `traceparent` names; nil when the header is malformed and must be ignored (section 3.2).
    public init?(traceparent: String) {
        self.init(traceparent: traceparent.utf8.span)
    }

    /// The same from the bytes of the header's value.
    ///
    /// Of a version above 00, only what that version is bound to have is read.
    public init?(traceparent bytes: Span<UInt8>) {
        guard bytes.count >= 55, bytes[2] == .dash, bytes[35] == .dash, bytes[52] == .dash,
            let version = UInt8(lowercaseHex: bytes, 0..<2), version != 0xff,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == .dash,
            let traceID = UInt128(lowercaseHex: bytes, 3..<35), traceID != 0,
            let spanID = UInt64(lowercaseHex: bytes, 36..<52), spanID != 0,
            let flags = UInt8(lowercaseHex: bytes, 53..<55)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// The header's value, in version 00.
    public var traceparent: String {
        "00-\(traceIDText)-\(spanID.lowercaseHex)-\(isSampled ? "01" : "00")"
    }

    /// The trace's id as 32 hexadecimal digits.
    public var traceIDText: String { traceID.lowercaseHex }

    /// A span within the same trace, for work done on behalf of this one.
    public func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: .random(in: 1 ... .max), isSampled: isSampled)
    }
}

extension UInt8 {
    fileprivate static let dash = UInt8(ascii: "-")
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Upper-case digits, which the header does not allow, give nil.
    fileprivate init?(lowercaseHex bytes: Span<UInt8>, _ range: Range<Int>) {
        var value: Self = 0
        for index in range {
            let digit = bytes[index]
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Self(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | Self(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self = value
    }

    fileprivate var lowercaseHex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
    }
}
