import Postgres

/// Batches that could not be published though everybody answered: each is left alone for a while, longer every time, so
/// that it does not hold up the others.
struct PutOffBatches {
    private static let shortest = Duration.seconds(10)
    private static let longest = Duration.seconds(300)
    /// After which one that nobody tried again is taken to have been published by another instance.
    private static let memory = Duration.seconds(600)

    private struct Pause {
        let committed: Timestamp
        let length: Duration
        let end: ContinuousClock.Instant
    }

    private var pauses: [Int64: Pause] = [:]

    /// Those that are not to be tried now.
    mutating func ids(at now: ContinuousClock.Instant) -> [Int64] {
        pauses = pauses.filter { $0.value.end + Self.memory > now }
        return pauses.filter { $0.value.end > now }.map(\.key)
    }

    /// When the oldest was committed.
    var oldest: Timestamp? { pauses.values.lazy.map(\.committed).min() }

    /// Puts the batch off.
    ///
    /// - Returns: For how long.
    mutating func putOff(_ batch: Watermark.Place, at now: ContinuousClock.Instant) -> Duration {
        let length = pauses[batch.id].map { min($0.length * 2, Self.longest) } ?? Self.shortest
        pauses[batch.id] = Pause(committed: batch.time, length: length, end: now + length)
        return length
    }

    /// The batch was published.
    mutating func forget(_ id: Int64) {
        pauses[id] = nil
    }
}
