import Postgres

/// How an observation stands to a rule.
struct Judgement {
    enum Verdict {
        case violated
        /// It does not violate the rule, and does not end an alert either.
        case neither
        case fine
    }

    let verdict: Verdict
    let time: Timestamp
    /// What was compared with the rule's condition.
    let value: Double
}

extension RuleState {
    /// Takes note of an observation; nil where it says nothing to the rule.
    mutating func judge(_ observation: Observation, by kind: RuleKind) -> Judgement? {
        switch (observation, kind) {
        case (.reading(let reading, let sensor), .composite(let composite, _)):
            judge(reading, of: sensor, by: composite)
        case (.reading(let reading, let sensor), _) where sensor == kind.sensorType:
            judge(reading, by: kind)
        case (.status(let isOffline, let time), .deviceOffline):
            judge(isOffline: isOffline, at: time)
        case (.battery(let level, let time), .batteryLow(let condition)):
            level.isFinite && isNew(time) ? judge(level, by: condition, at: time) : nil
        default: nil
        }
    }

    private mutating func judge(_ reading: Reading, by kind: RuleKind) -> Judgement? {
        switch kind {
        case .threshold(_, let condition, _):
            guard reading.value.isFinite, isNew(reading.time) else { return nil }
            return judge(reading.value, by: condition, at: reading.time)
        case .rateOfChange(_, let condition, let seconds):
            guard reading.value.isFinite, isNew(reading.time) else { return nil }
            let change = memory.changePerMinute(to: reading, over: .seconds(seconds))
            return judge(change, by: condition, at: reading.time)
        case .dataQuality(_, let condition):
            guard isNew(reading.time) else { return nil }
            return judge(memory.badShare(with: reading, of: condition), by: condition.share, at: reading.time)
        case .noData:
            guard isNew(reading.time) else { return nil }
            return Judgement(verdict: .fine, time: reading.time, value: 0)
        case .deviceOffline, .batteryLow, .composite: return nil
        }
    }

    private mutating func judge(isOffline: Bool, at time: Timestamp) -> Judgement? {
        guard isNew(time) else { return nil }
        let lasting = time.since(holdingSince ?? time) / .seconds(1)
        return Judgement(verdict: isOffline ? .violated : .fine, time: time, value: lasting)
    }

    private mutating func judge(_ reading: Reading, of sensor: String, by composite: CompositeCondition) -> Judgement? {
        guard reading.value.isFinite, memory.take(reading, of: sensor, by: composite, isOpen: isOpen) else {
            return nil
        }
        let time = max(reading.time, lastReading ?? reading.time)
        (lastReading, lastValue) = (time, reading.value)
        let isMet = memory.isMet(composite.match)
        return Judgement(verdict: isMet ? .violated : .fine, time: time, value: reading.value)
    }

    /// - Parameter value: nil where too little is known to tell.
    private mutating func judge(
        _ value: Double?, by condition: ThresholdCondition, at time: Timestamp
    ) -> Judgement {
        lastValue = value
        guard let value else { return Judgement(verdict: .neither, time: time, value: 0) }
        let verdict: Judgement.Verdict =
            condition.isMet(by: value) ? .violated : condition.isCleared(by: value) ? .fine : .neither
        return Judgement(verdict: verdict, time: time, value: value)
    }

    /// Whether the time is after that of the last observation, which it then becomes.
    private mutating func isNew(_ time: Timestamp) -> Bool {
        if let lastReading, time <= lastReading { return false }
        lastReading = time
        return true
    }
}

extension RuleState {
    /// Goes over to the rule as it is now: what still makes sense stays, the rest begins anew.
    mutating func adopt(_ rule: Rule) {
        let kind = rule.definition.kind
        guard version != rule.version || self.kind != kind.name else { return }
        if let old = self.kind, old != kind.name { forget(goingOverTo: kind) }
        (self.kind, version) = (kind.name, rule.version)
        if case .composite(let composite, _) = kind { memory = .terms(memory.terms.adopted(by: composite)) }
        if !stillHolds(kind) { holdingSince = nil }
    }

    /// Forgets what the rule saw as one of another kind. When a sensor was read last stays true.
    private mutating func forget(goingOverTo kind: RuleKind) {
        let known = kind.sensorType.isEmpty ? nil : lastReading
        self = RuleState(
            isOpen: isOpen, lastReading: known, holdingSince: kind.name == .noData && !isOpen ? known : nil,
            lastTriggered: lastTriggered)
    }

    /// Whether what held by the rule as it was holds by the rule as it is.
    private func stillHolds(_ kind: RuleKind) -> Bool {
        switch kind {
        case .noData, .deviceOffline: true
        case .composite(let composite, _): memory.isMet(composite.match)
        case .threshold, .rateOfChange, .batteryLow, .dataQuality:
            lastValue.flatMap { value in kind.condition?.isMet(by: value) } ?? true
        }
    }
}
