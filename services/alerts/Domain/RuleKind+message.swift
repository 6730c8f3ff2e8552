extension RuleKind {
    /// Says what is wrong, of a value that violates the rule; with a composite rule, by where its conditions stand.
    func message(for value: Double, _ terms: [TermState]) -> String {
        switch self {
        case .threshold(let sensor, let condition, _): "\(sensor) \(condition.sentence(for: value))"
        case .rateOfChange(let sensor, let condition, _):
            "\(sensor) changes by \(value.rounded(toPlaces: 3).shortest) a minute, \(condition.relation)"
        case .noData(let sensor, _): "\(sensor) has had no reading for \(Self.duration(value))"
        case .deviceOffline:
            value < 1 ? "the device is offline" : "the device has been offline for \(Self.duration(value))"
        case .batteryLow(let condition): "the battery is at \(value.shortest) %, \(condition.relation) %"
        case .dataQuality(let sensor, let quality):
            """
            \(value.rounded(toPlaces: 1).shortest) % of the readings of \(sensor) in \
            \(Self.duration(Double(quality.windowSeconds))) are \(quality.grade.name) or worse, \
            \(quality.share.relation) %
            """
        case .composite(let composite, _):
            zip(composite.terms, terms).filter { $0.1.isMet }.map { term, state in
                "\(term.sensorType) \(term.condition.sentence(for: state.value ?? 0))"
            }.joined(separator: " and ")
        }
    }

    /// `45 s`, `5 min`, `1 h 30 min`, `2 d`.
    static func duration(_ seconds: Double) -> String {
        var rest = Int(seconds)
        var parts: [String] = []
        for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")] where rest >= length {
            parts.append("\(rest / length) \(unit)")
            rest %= length
        }
        return parts.isEmpty ? "0 s" : parts.prefix(2).joined(separator: " ")
    }
}

extension Double {
    /// The number with so many decimal places; as it is where it is too large to have any.
    fileprivate func rounded(toPlaces places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return magnitude < 1e12 ? (self * scale).rounded() / scale : self
    }
}
