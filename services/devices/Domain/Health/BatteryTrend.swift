import Postgres

/// What a battery held at a time.
struct BatterySample: Sendable, Hashable {
    let time: Timestamp
    /// Percent.
    let level: Double
}

/// Where a battery's level is going: the line through its samples by least squares, since it was charged last.
struct BatteryTrend: Sendable, Hashable {
    /// Percent per hour; negative while it empties.
    let rate: Double

    /// A rise by so many percent between two samples is a charge, and not a reading that wavers.
    private static let charge = 5.0
    private static let leastSamples = 3
    private static let leastHours = 2.0

    /// Nil when there are too few samples to tell, or when they are too close together.
    ///
    /// - Parameter samples: The oldest first.
    init?(_ samples: [BatterySample]) {
        let samples = Self.sinceCharge(samples)
        guard let first = samples.first, let last = samples.last, samples.count >= Self.leastSamples,
            Self.hours(from: first, to: last) >= Self.leastHours
        else { return nil }
        let points = samples.map { (x: Self.hours(from: first, to: $0), y: $0.level) }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let covariance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
        let variance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard variance > 0 else { return nil }
        rate = covariance / variance
    }

    /// Hours until a battery at `level` percent is empty; nil while it does not empty.
    func hoursLeft(at level: Double) -> Double? {
        rate < 0 ? level / -rate : nil
    }

    private static func sinceCharge(_ samples: [BatterySample]) -> ArraySlice<BatterySample> {
        let charged = samples.indices.dropFirst().last { samples[$0].level - samples[$0 - 1].level >= charge }
        return samples[(charged ?? samples.startIndex)...]
    }

    private static func hours(from one: BatterySample, to other: BatterySample) -> Double {
        other.time.since(one.time) / .seconds(3600)
    }
}
