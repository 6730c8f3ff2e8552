/// How numbers changed over a range, and against a range of the same length before it.
struct Trend: Encodable, Sendable {
    let current: Period
    let previous: Period
    /// Of the current period, by hours.
    let line: LinearTrend?

    struct Period: Encodable, Sendable {
        let count: Int
        let mean: Double?

        enum CodingKeys: CodingKey {
            case count, mean
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(count, forKey: .count)
            try container.encode(mean, forKey: .mean)
        }
    }

    /// Of the mean against that of the period before.
    var change: Double? {
        guard let mean = current.mean, let before = previous.mean else { return nil }
        return (mean - before).finite
    }

    /// In parts of a hundred of the mean of the period before; nil where that is zero.
    var changePercent: Double? {
        guard let change, let before = previous.mean, before != 0 else { return nil }
        return (change / abs(before) * 100).finite
    }

    enum CodingKeys: String, CodingKey {
        case current, previous, change
        case changePercent = "change_percent"
        case slope = "slope_per_hour"
        case interval = "slope_95"
        case determination = "r_squared"
    }

    enum IntervalKeys: CodingKey {
        case low, high
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(current, forKey: .current)
        try container.encode(previous, forKey: .previous)
        try container.encode(change, forKey: .change)
        try container.encode(changePercent, forKey: .changePercent)
        try container.encode(line?.slope, forKey: .slope)
        try container.encode(line?.determination, forKey: .determination)
        guard let line, let margin = line.margin?.finite else { return try container.encodeNil(forKey: .interval) }
        var interval = container.nestedContainer(keyedBy: IntervalKeys.self, forKey: .interval)
        try interval.encode(line.slope - margin, forKey: .low)
        try interval.encode(line.slope + margin, forKey: .high)
    }
}
