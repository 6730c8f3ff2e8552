import Postgres

/// How long the buckets of an aggregation are, as `5m`, `1h`, `1d` or `1M`. Buckets of days, weeks and months are those
/// of the calendar in a time zone, which differ in length.
struct BucketInterval: Sendable, Hashable, LosslessStringConvertible {
    enum Unit: String, CaseIterable, Sendable {
        case second = "s"
        case minute = "m"
        case hour = "h"
        case day = "d"
        case week = "w"
        case month = "M"

        /// How many seconds it lasts at least: where clocks are put forward, a day lacks an hour.
        var leastSeconds: Int64 {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3600
            case .day: 23 * 3600
            case .week: (7 * 24 - 1) * 3600
            case .month: (28 * 24 - 1) * 3600
            }
        }

        /// Whether it lasts as long at all times.
        var isFixed: Bool { self == .second || self == .minute || self == .hour }
    }

    let count: Int
    let unit: Unit

    /// How many units an interval may have.
    static let counts = 1...10_000

    /// - Precondition: `count` is one of ``counts``.
    init(_ count: Int, _ unit: Unit) {
        precondition(Self.counts.contains(count))
        self.count = count
        self.unit = unit
    }

    /// Nil for what is no whole number of ``counts`` with a unit.
    init?(_ description: String) {
        let digits = description.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), Self.counts.contains(count),
            let unit = Unit(rawValue: String(description.dropFirst(digits.count)))
        else { return nil }
        self.init(count, unit)
    }

    var description: String { "\(count)\(unit.rawValue)" }

    /// As ``Unit/leastSeconds``.
    var leastSeconds: Int64 { Int64(count) * unit.leastSeconds }

    /// The shortest of the usual intervals that cuts `length` into no more than `buckets`, wherever it begins; nil where
    /// none does.
    static func shortest(cutting length: Duration, into buckets: Int) -> BucketInterval? {
        // Beside the whole buckets there may be a part of one at either end.
        usual.first { length.components.seconds / $0.leastSeconds + 2 <= buckets }
    }

    private static let usual: [BucketInterval] = [
        BucketInterval(1, .second), BucketInterval(5, .second), BucketInterval(15, .second),
        BucketInterval(30, .second), BucketInterval(1, .minute), BucketInterval(5, .minute),
        BucketInterval(15, .minute), BucketInterval(30, .minute), BucketInterval(1, .hour), BucketInterval(3, .hour),
        BucketInterval(6, .hour), BucketInterval(12, .hour), BucketInterval(1, .day), BucketInterval(1, .week),
        BucketInterval(1, .month), BucketInterval(3, .month), BucketInterval(12, .month),
    ]
}
