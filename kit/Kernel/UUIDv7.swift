import FoundationEssentials
import Postgres

extension UUID {
    /// A time-ordered id: 48 bits of milliseconds since 1970, then random bits (RFC 9562 §5.7).
    public static func v7(at time: Timestamp = .now) -> UUID {
        var random = SystemRandomNumberGenerator()
        let milliseconds = UInt64(bitPattern: time.microseconds / 1000)
        let high = milliseconds << 16 | 0x7000 | random.next() & 0x0FFF
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.load(as: uuid_t.self)) }
    }

    /// As every answer of the API writes it: lower case.
    public var text: String { uuidString.lowercased() }
}
