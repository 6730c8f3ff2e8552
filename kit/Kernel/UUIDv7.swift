import FoundationEssentials
import Postgres
import Synchronization

extension UUID {
    /// A time-ordered id of now: milliseconds since 1970 and, where random bits may stand, a fraction of the
    /// millisecond, so that what one process makes sorts in the order of its making (RFC 9562 §5.7, §6.2 method 3).
    public static func v7() -> UUID {
        let now = UInt64(bitPattern: Timestamp.now.microseconds)
        let ticks = ticks(of: now)
        let unique = newestTicks.withLock { newest in
            newest = max(newest + 1, ticks)
            return newest
        }
        return v7(ticks: unique)
    }

    /// A time-ordered id of `time`.
    public static func v7(at time: Timestamp) -> UUID {
        let microseconds = UInt64(bitPattern: time.microseconds)
        return v7(ticks: ticks(of: microseconds))
    }

    /// 4096 ticks are a millisecond.
    private static func ticks(of microseconds: UInt64) -> UInt64 {
        (microseconds / 1000) << 12 | (microseconds % 1000) * 4096 / 1000
    }

    private static func v7(ticks: UInt64) -> UUID {
        var random = SystemRandomNumberGenerator()
        let high = (ticks >> 12) << 16 | 0x7000 | ticks & 0x0FFF
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.load(as: uuid_t.self)) }
    }

    /// As every answer of the API writes it: lower case.
    public var text: String { uuidString.lowercased() }
}

/// The ticks of the newest id that this process made.
private let newestTicks = Mutex<UInt64>(0)
