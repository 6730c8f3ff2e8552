import Postgres

/// Days as the storage counts them: whole ones since 1970, UTC.
enum UTCDay {
    private static let microseconds: Int64 = 86_400_000_000

    /// The day of a time in microseconds since 1970.
    static func of(_ time: Int64) -> Int64 {
        time / microseconds
    }

    /// When the day of `time` begins.
    static func midnight(of time: Timestamp) -> Timestamp {
        Timestamp(microseconds: of(time.microseconds) * microseconds)
    }
}
