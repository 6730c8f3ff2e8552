import Postgres

/// Whole days, UTC, from one midnight to another.
struct UsagePeriod: Sendable, Hashable {
    static let longest = 366
    private static let day: Int64 = 86_400_000_000

    /// The midnight that begins the first day.
    let start: Timestamp
    /// The midnight that ends the last day.
    let end: Timestamp

    /// The days that the stretch of time from `from` up to but without `to` touches.
    ///
    /// - Throws: ``Invalid``.
    init(from: Timestamp, to: Timestamp) throws(Invalid) {
        guard from <= to else { throw .endsBeforeItStarts }
        let first = Self.dayNumber(of: from)
        let last = to == from ? first : Self.dayNumber(of: Timestamp(microseconds: to.microseconds - 1))
        guard last - first < Self.longest else { throw .tooLong }
        start = Timestamp(microseconds: first * Self.day)
        end = Timestamp(microseconds: (last + 1) * Self.day)
    }

    /// Why two times are no period.
    enum Invalid: Error {
        case endsBeforeItStarts
        case tooLong
    }

    /// The first moment of the month, UTC, in which `time` lies.
    static func startOfMonth(of time: Timestamp) -> Timestamp {
        Timestamp(rfc3339: time.rfc3339.prefix(7) + "-01T00:00:00Z") ?? time
    }

    /// Days since 1970, also before it.
    private static func dayNumber(of time: Timestamp) -> Int64 {
        let (quotient, remainder) = time.microseconds.quotientAndRemainder(dividingBy: day)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
