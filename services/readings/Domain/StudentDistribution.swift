import Foundation

/// Student's t-distribution, as confidence intervals need it.
///
/// Sources: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4 (the distribution as a finite
/// sum) and 26.7.5 (its quantiles as an expansion around the normal distribution's).
enum StudentDistribution {
    /// The t that a value of the distribution exceeds, to either side, with a probability of 5 % in all.
    ///
    /// - Precondition: `degrees` is positive.
    static func quantile95(degrees: Int) -> Double {
        precondition(degrees > 0)
        return degrees <= 30 ? exactQuantile(degrees) : expandedQuantile(Double(degrees))
    }

    /// Halves the interval of angles that hold the answer until nothing is left of it.
    private static func exactQuantile(_ degrees: Int) -> Double {
        var (low, high) = (0.0, Double.pi / 2)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if probability(within: middle, degrees) < 0.95 { low = middle } else { high = middle }
        }
        return Double(degrees).squareRoot() * tan(low)
    }

    /// That a value lies within ±√degrees · tan(angle).
    private static func probability(within angle: Double, _ degrees: Int) -> Double {
        let isOdd = degrees % 2 == 1
        let (sine, cosine) = (sin(angle), cos(angle))
        var term = isOdd ? cosine : 1
        var sum = degrees == 1 ? 0 : term
        for power in stride(from: isOdd ? 3 : 2, through: degrees - 2, by: 2) {
            term *= cosine * cosine * Double(power - 1) / Double(power)
            sum += term
        }
        return isOdd ? 2 / Double.pi * (angle + sine * sum) : sine * sum
    }

    /// Right to seven digits from 30 degrees of freedom on.
    private static func expandedQuantile(_ degrees: Double) -> Double {
        let normal = 1.959_963_984_540_054
        let square = normal * normal
        let terms = [
            (square + 1) / 4,
            ((5 * square + 16) * square + 3) / 96,
            (((3 * square + 19) * square + 17) * square - 15) / 384,
            ((((79 * square + 776) * square + 1482) * square - 1920) * square - 945) / 92_160,
        ]
        return normal * (1 + terms.reversed().reduce(0) { ($0 + $1) / degrees })
    }
}
