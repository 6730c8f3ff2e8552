import Postgres

/// Fewer points of a series that look the same when drawn as a line: Largest-Triangle-Three-Buckets (S. Steinarsson,
/// "Downsampling Time Series for Visual Representation", University of Iceland, 2013, section 4.2).
///
/// The first and the last point stay. The others are cut into buckets of the same number of points; of each bucket that
/// one stays which makes the largest triangle with the one that stayed before it and the mean of the next bucket.
enum LargestTriangle {
    /// How many points may be asked for: up to more than a screen has columns.
    static let counts = 3...5000

    struct Point: Sendable, Equatable {
        let time: Timestamp
        let value: Double
    }

    /// The points that stay, in their order.
    ///
    /// - Parameters:
    ///   - points: By time.
    ///   - count: How many stay; all where there are no more.
    /// - Precondition: `count` is at least 3.
    static func choose(_ count: Int, of points: [Point]) -> [Point] {
        precondition(count >= 3)
        guard points.count > count, let first = points.first, let last = points.last else { return points }
        let (between, buckets) = (points.count - 2, count - 2)
        /// Where a bucket begins; the last point is a bucket of its own.
        func start(_ bucket: Int) -> Int { bucket * between / buckets + 1 }
        var chosen = [first]
        chosen.reserveCapacity(count)
        for bucket in 0..<buckets {
            let next = points[start(bucket + 1)..<(bucket + 1 < buckets ? start(bucket + 2) : points.count)]
            let candidates = points[start(bucket)..<start(bucket + 1)]
            chosen.append(farthest(of: candidates, from: chosen[bucket], and: mean(of: next, since: first.time), first))
        }
        chosen.append(last)
        return chosen
    }

    /// Times are counted from the first point's, so that differences do not drown in them.
    private static func mean(of points: ArraySlice<Point>, since start: Timestamp) -> (time: Double, value: Double) {
        let count = Double(points.count)
        return points.reduce((0, 0)) { mean, point in
            (mean.0 + Double(point.time.microseconds - start.microseconds) / count, mean.1 + point.value / count)
        }
    }

    private static func farthest(
        of candidates: ArraySlice<Point>, from before: Point, and mean: (time: Double, value: Double), _ first: Point
    ) -> Point {
        func time(_ point: Point) -> Double { Double(point.time.microseconds - first.time.microseconds) }
        var (best, largest) = (candidates[candidates.startIndex], -1.0)
        for point in candidates {
            // Twice the area, which is as good for a comparison.
            let area = abs(
                (time(before) - mean.time) * (point.value - before.value)
                    - (time(before) - time(point)) * (mean.value - before.value))
            if area > largest { (best, largest) = (point, area) }
        }
        return best
    }
}
