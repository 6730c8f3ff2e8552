import Postgres

/// What stands in the buckets that no reading fell into. Their count is 0, whatever stands for the other functions.
enum GapFilling: String, CaseIterable, Encodable, Sendable {
    /// They are left out.
    case none
    case null
    /// The values of the bucket before that has some; null where there is none.
    case previous
    /// On the straight line between the buckets before and after that have some, by the times at which buckets begin;
    /// null where one is missing.
    case linear
    case zero

    /// The points of all buckets.
    ///
    /// - Parameters:
    ///   - points: Those of the buckets that have readings, by time.
    ///   - times: When the buckets begin, in order.
    ///   - functions: Whose values the points have.
    func points(
        filling points: [AggregatePoint], at times: [Timestamp], _ functions: [AggregateFunction]
    ) -> [AggregatePoint] {
        guard self != .none else { return points }
        var filled: [AggregatePoint] = []
        filled.reserveCapacity(times.count)
        var next = points.startIndex
        for time in times {
            if next < points.endIndex, points[next].time == time {
                filled.append(points[next])
                next += 1
            } else {
                let before = next > points.startIndex ? points[next - 1] : nil
                let after = next < points.endIndex ? points[next] : nil
                let values = functions.indices.map { index in
                    functions[index] == .count ? 0 : value(of: index, at: time, between: before, and: after)
                }
                filled.append(AggregatePoint(time: time, values: values))
            }
        }
        return filled
    }

    private func value(
        of index: Int, at time: Timestamp, between before: AggregatePoint?, and after: AggregatePoint?
    ) -> Double? {
        switch self {
        case .none, .null: return nil
        case .zero: return 0
        case .previous: return before?.values[index]
        case .linear:
            guard let before, let after, let start = before.values[index], let end = after.values[index] else {
                return nil
            }
            let part = time.since(before.time) / after.time.since(before.time)
            return start * (1 - part) + end * part
        }
    }
}
