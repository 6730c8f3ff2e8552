import Metrics

/// A sum that only grows.
final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler {
    private let whole = AtomicInteger()
    private let fraction = AtomicDouble()

    var value: Double { Double(whole.value) + fraction.value }

    func increment(by amount: Int64) { whole.add(amount) }

    func increment(by amount: Double) { fraction.add(amount) }

    func reset() {
        whole.reset()
        fraction.set(0)
    }
}

/// A value that goes up and down.
final class PrometheusGauge: MeterHandler, RecorderHandler {
    private let number = AtomicDouble()

    var value: Double { number.value }

    func set(_ value: Int64) { number.set(Double(value)) }

    func set(_ value: Double) { number.set(value) }

    func increment(by amount: Double) { number.add(amount) }

    func decrement(by amount: Double) { number.add(-amount) }

    func record(_ value: Int64) { number.set(Double(value)) }

    func record(_ value: Double) { number.set(value) }
}

/// A distribution over fixed buckets.
final class PrometheusHistogram: TimerHandler, RecorderHandler {
    /// The buckets' inclusive upper bounds, ascending; one more, without a bound, is implied.
    let bounds: [Double]
    private let counts: [AtomicInteger]
    private let total = AtomicDouble()

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in AtomicInteger() }
    }

    var sum: Double { total.value }

    /// How many values lie at or below each bound, and how many there are at all.
    var cumulativeCounts: [Int64] {
        var count: Int64 = 0
        return counts.map { bucket in
            count += bucket.value
            return count
        }
    }

    func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].add(1)
        total.add(value)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}

extension PrometheusHistogram {
    /// Bounds in seconds, from a cached answer to a long poll.
    static let durations = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Bounds for counts and sizes.
    static let sizes: [Double] = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262_144, 1_048_576]
}
