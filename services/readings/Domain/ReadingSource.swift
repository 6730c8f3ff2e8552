import HTTPKit
import Postgres

/// What an answer was computed from, the finest first: the readings themselves, or what is kept of their minutes, hours and
/// days, which are those of UTC.
enum ReadingSource: Int16, CaseIterable, Sendable {
    case rows
    case minutes
    case hours
    case days

    var name: String {
        switch self {
        case .rows: "rows"
        case .minutes: "rollup_1m"
        case .hours: "rollup_1h"
        case .days: "rollup_1d"
        }
    }

    /// How long a bucket is, in microseconds; of readings, the least time between two.
    private var length: Int64 {
        switch self {
        case .rows: 1
        case .minutes: 60_000_000
        case .hours: 3_600_000_000
        case .days: 86_400_000_000
        }
    }

    /// The coarsest of which no bucket lies in two of the buckets that begin at `starts`.
    static func coarsest(within starts: [Timestamp]) -> ReadingSource {
        allCases.last { source in starts.allSatisfy { source.floor($0) == $0 } } ?? .rows
    }

    /// When the bucket of `time` begins.
    func floor(_ time: Timestamp) -> Timestamp {
        // Also of a time before 1970, whose remainder is negative.
        let beyond = (time.microseconds % length + length) % length
        return Timestamp(microseconds: time.microseconds - beyond)
    }

    /// When the first bucket begins that is not before `time`.
    func ceiling(_ time: Timestamp) -> Timestamp {
        let start = floor(time)
        return start == time ? time : Timestamp(microseconds: start.microseconds + length)
    }
}

extension ReadingSource: Comparable, Encodable {
    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// A part of a range of time, and what answers for it.
struct SourcedStretch: Sendable, Equatable {
    let source: ReadingSource
    let range: TimeRange
}

extension TimeRange {
    /// The range in parts, in order: as much of it as can be of the coarsest source, what is left beside days of hours, and
    /// the rest of readings.
    ///
    /// - Parameters:
    ///   - coarsest: The coarsest source to be taken.
    ///   - end: Up to when there are rollups.
    /// - Returns: One part at least.
    func stretches(upTo coarsest: ReadingSource, rolledUpUntil end: Timestamp) -> [SourcedStretch] {
        guard coarsest > .rows else { return [SourcedStretch(source: .rows, range: self)] }
        let (first, last) = (coarsest.ceiling(start), coarsest.floor(min(self.end, end)))
        // Beside hours less than an hour is left at either end, for which minutes are not worth looking for.
        let finer: ReadingSource = coarsest == .days ? .hours : .rows
        guard first < last else { return stretches(upTo: finer, rolledUpUntil: end) }
        var stretches = [SourcedStretch(source: coarsest, range: TimeRange(start: first, end: last))]
        if start < first {
            stretches = TimeRange(start: start, end: first).stretches(upTo: finer, rolledUpUntil: end) + stretches
        }
        if last < self.end {
            stretches += TimeRange(start: last, end: self.end).stretches(upTo: finer, rolledUpUntil: end)
        }
        return stretches
    }
}
