/// A set of ASCII characters, tested with one shift; no byte above 127 is a member.
public struct ByteSet: Sendable {
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    /// `low` holds the codes 0–63, `high` the codes 64–127, least significant bit first.
    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inlinable
    public func contains(_ byte: UInt8) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }

    /// The characters of a method or field name: `token` of RFC 9110 §5.6.2.
    @inlinable public static var token: ByteSet { ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

    /// `pchar`, `/` and `%` of RFC 3986 §3.3.
    @inlinable public static var path: ByteSet { ByteSet(low: 0x2fff_fff2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }

    /// Every visible character but `#`: browsers send more in a query than RFC 3986 §3.4 allows.
    @inlinable public static var query: ByteSet { ByteSet(low: 0xffff_fff6_0000_0000, high: 0x7fff_ffff_ffff_ffff) }

    /// What a `Host` may hold: names, ports, address literals (RFC 3986 §3.2.2).
    @inlinable public static var host: ByteSet { ByteSet(low: 0x2fff_7ff2_0000_0000, high: 0x47ff_fffe_afff_fffe) }

    /// What a request id taken from outside may hold, so that it can stand in a log line or a header as it is.
    @inlinable public static var requestID: ByteSet { ByteSet(low: 0x27ff_e800_0000_0000, high: 0x47ff_fffe_87ff_fffe) }
}

public enum ASCII {
    @inlinable public static var tab: UInt8 { 0x09 }
    @inlinable public static var lineFeed: UInt8 { 0x0a }
    @inlinable public static var carriageReturn: UInt8 { 0x0d }
    @inlinable public static var space: UInt8 { 0x20 }
    @inlinable public static var percent: UInt8 { 0x25 }
    @inlinable public static var comma: UInt8 { 0x2c }
    @inlinable public static var dash: UInt8 { 0x2d }
    @inlinable public static var dot: UInt8 { 0x2e }
    @inlinable public static var slash: UInt8 { 0x2f }
    @inlinable public static var zero: UInt8 { 0x30 }
    @inlinable public static var colon: UInt8 { 0x3a }
    @inlinable public static var semicolon: UInt8 { 0x3b }
    @inlinable public static var equals: UInt8 { 0x3d }
    @inlinable public static var question: UInt8 { 0x3f }
    @inlinable public static var backslash: UInt8 { 0x5c }
    @inlinable public static var delete: UInt8 { 0x7f }

    /// The value of a hexadecimal digit.
    @inlinable
    public static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The hexadecimal digit of a value below 16.
    @inlinable
    public static func hexadecimal(_ value: UInt8) -> UInt8 {
        value < 10 ? zero + value : 0x57 + value
    }

    /// Whether a byte may stand in a field value: `field-vchar`, space and tab (RFC 9110 §5.5).
    @inlinable
    public static func isFieldContent(_ byte: UInt8) -> Bool {
        (byte >= space && byte != delete) || byte == tab
    }
}
