import Postgres

/// The time of a reading: RFC 3339 text, or a number since 1970 whose magnitude tells seconds, milliseconds or
/// microseconds.
enum ReadingTime {
    static let expectation = "must be an RFC 3339 time, or a number of seconds, milliseconds or microseconds since 1970"

    /// Microseconds since 1970; nil when the value, which is consumed, is no time.
    static func scan(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> Int64? {
        switch try scanner.peekKind() {
        case .string:
            let raw = try scanner.rawString()
            return Timestamp(rfc3339: UnsafeBufferPointer(rebasing: raw))?.microseconds
        case .number:
            return microseconds(try scanner.number())
        default:
            try scanner.skipValue()
            return nil
        }
    }

    /// Of a time as text.
    static func microseconds(_ text: String) -> Int64? {
        guard let number = NumberScanner.number(text) else { return Timestamp(rfc3339: text)?.microseconds }
        return microseconds(number)
    }

    /// Up to 10¹¹ (the year 5138) it is seconds, up to 10¹⁴ milliseconds, beyond that microseconds.
    static func microseconds(_ number: Double) -> Int64? {
        let magnitude = abs(number)
        let scaled =
            if magnitude < 1e11 { number * 1e6 } else if magnitude < 1e14 { number * 1e3 } else { number }
        return Int64(exactly: scaled.rounded())
    }

    /// What is wrong with a time, as the end of a sentence about it.
    static func violation(_ time: Int64, now: Timestamp) -> String? {
        let time = Timestamp(microseconds: time)
        if time > now.adding(ReadingLimits.maximumAhead) { return "is more than 10 minutes in the future" }
        if time < now.adding(.zero - ReadingLimits.maximumAge) { return "is more than 5 years old" }
        return nil
    }
}
