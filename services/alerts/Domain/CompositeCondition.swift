/// Several conditions on sensors of one device.
struct CompositeCondition: Sendable, Hashable {
    /// How many of the conditions must be met.
    enum Match: String, Sendable, Codable, CaseIterable {
        case all, any
    }

    struct Term: Sendable, Hashable {
        let sensorType: String
        let condition: ThresholdCondition
    }

    let match: Match
    let terms: [Term]

    /// The sensor types, each once.
    var sensorTypes: [String] {
        terms.indices.filter { index in !terms[..<index].contains { $0.sensorType == terms[index].sensorType } }
            .map { terms[$0].sensorType }
    }

    /// What makes the conditions pointless together.
    enum Contradiction: Hashable {
        /// With `all`: no value of this sensor meets all of its conditions.
        case neverMet(sensor: String)
        /// With `any`: every value of this sensor meets one of its conditions.
        case alwaysMet(sensor: String)
    }

    /// The first contradiction; nil for conditions that make sense.
    var contradiction: Contradiction? {
        for sensor in sensorTypes {
            let conditions = terms.filter { $0.sensorType == sensor }.map(\.condition)
            let values = ThresholdCondition.representatives(of: conditions)
            switch match {
            case .all where !values.contains(where: { value in conditions.allSatisfy { $0.isMet(by: value) } }):
                return .neverMet(sensor: sensor)
            case .any where values.allSatisfy({ value in conditions.contains { $0.isMet(by: value) } }):
                return .alwaysMet(sensor: sensor)
            case .all, .any: break
            }
        }
        return nil
    }
}

extension ThresholdCondition {
    /// Numbers among which there is one of every sort that the conditions can tell apart: their bounds, and one between
    /// each two neighbours and beyond each end.
    fileprivate static func representatives(of conditions: [ThresholdCondition]) -> [Double] {
        let bounds = Set(conditions.flatMap { [$0.value, $0.high ?? $0.value] }).sorted()
        guard let least = bounds.first, let greatest = bounds.last else { return [] }
        let between = zip(bounds, bounds.dropFirst()).map { $0 / 2 + $1 / 2 }
        return bounds + between + [min(least - 1, least.nextDown), max(greatest + 1, greatest.nextUp)]
    }
}
