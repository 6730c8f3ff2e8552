import Postgres

/// What a rule remembers of earlier observations beyond the newest of them, which only some kinds do.
enum RuleMemory: Sendable, Hashable {
    case nothing
    case rate(RateWindow)
    indirect case quality(QualityWindow)
    /// Of a composite rule, in the order of its conditions.
    case terms([TermState])

    var terms: [TermState] { if case .terms(let terms) = self { terms } else { [] } }

    /// Whether all or any of a composite rule's conditions are met.
    func isMet(_ match: CompositeCondition.Match) -> Bool {
        switch match {
        case .all: terms.allSatisfy(\.isMet)
        case .any: terms.contains(where: \.isMet)
        }
    }

    // What is changed is taken out meanwhile, so that it is not copied.

    /// As ``RateWindow/changePerMinute(to:over:)``.
    mutating func changePerMinute(to reading: Reading, over length: Duration) -> Double? {
        var window = if case .rate(let window) = self { window } else { RateWindow() }
        self = .nothing
        defer { self = .rate(window) }
        return window.changePerMinute(to: reading, over: length)
    }

    /// As ``QualityWindow/badShare(with:of:)``.
    mutating func badShare(with reading: Reading, of condition: QualityCondition) -> Double? {
        var window = if case .quality(let window) = self { window } else { QualityWindow() }
        self = .nothing
        defer { self = .quality(window) }
        return window.badShare(with: reading, of: condition)
    }

    /// Takes a reading of a sensor for the conditions on it, unless it is not newer than the last one.
    mutating func take(_ reading: Reading, of sensor: String, by composite: CompositeCondition, isOpen: Bool) -> Bool {
        var terms = terms
        self = .nothing
        defer { self = .terms(terms) }
        var isTaken = false
        for (index, term) in zip(terms.indices, composite.terms) where term.sensorType == sensor {
            if terms[index].take(reading, by: term.condition, isOpen: isOpen) { isTaken = true }
        }
        return isTaken
    }
}

/// What a rate of change is told from: readings of the time that it goes over.
///
/// Of readings that follow each other faster than a sixtieth of that time only some are kept, so the change goes over
/// that time less a sixtieth at worst.
struct RateWindow: Sendable, Hashable {
    struct Sample: Sendable, Hashable {
        let time: Timestamp
        let value: Double
    }

    static let mostSamples = 64
    private static let samplesPerWindow = 60

    /// Oldest first.
    var samples: [Sample] = []

    /// Takes the newest reading and says by how much a minute the value has changed up to it since the oldest one that
    /// is not older than `length`; nil unless these are at least half of it apart.
    mutating func changePerMinute(to reading: Reading, over length: Duration) -> Double? {
        samples.removeAll { reading.time.since($0.time) > length }
        defer { keep(reading, length) }
        guard let oldest = samples.first else { return nil }
        let lasting = reading.time.since(oldest.time)
        guard lasting * 2 >= length else { return nil }
        let change = (reading.value - oldest.value) / (lasting / .seconds(60))
        // The difference of two numbers may be greater than any.
        return min(max(change, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }

    private mutating func keep(_ reading: Reading, _ length: Duration) {
        if let newest = samples.last, reading.time.since(newest.time) * Self.samplesPerWindow < length { return }
        samples.append(Sample(time: reading.time, value: reading.value))
        guard samples.count > Self.mostSamples else { return }
        samples = samples.indices.filter { $0.isMultiple(of: 2) }.map { samples[$0] }
    }
}

/// How many readings there were in the time that a rule looks back at, and how many of them were bad: counted by
/// thirtieths of that time, which is how exactly it is kept to.
struct QualityWindow: Sendable, Hashable {
    struct Slot: Sendable, Hashable {
        /// How many lengths of a slot lie between 1970 and it.
        let number: Int64
        var total: Int64 = 0
        var bad: Int64 = 0
    }

    private static let slotsPerWindow: Int64 = 30

    /// The length of a slot in microseconds, and the best grade that was counted as bad.
    var slotLength: Int64 = 0
    var grade = Quality.poor
    /// Oldest first.
    var slots: [Slot] = []

    /// Takes the newest reading and says what share of the readings was bad, in percent; nil for too few of them.
    mutating func badShare(with reading: Reading, of condition: QualityCondition) -> Double? {
        let length = Int64(condition.windowSeconds) * 1_000_000 / Self.slotsPerWindow
        if (slotLength, grade) != (length, condition.grade) {
            self = QualityWindow(slotLength: length, grade: condition.grade)
        }
        let number = reading.time.microseconds / length
        slots.removeAll { $0.number <= number - Self.slotsPerWindow }
        if slots.last?.number != number { slots.append(Slot(number: number)) }
        slots[slots.count - 1].total += 1
        if reading.quality >= grade { slots[slots.count - 1].bad += 1 }
        let total = slots.reduce(0) { $0 + $1.total }
        guard total >= QualityCondition.fewestReadings else { return nil }
        return 100 * Double(slots.reduce(0) { $0 + $1.bad }) / Double(total)
    }
}

/// Where one condition of a composite rule stands.
struct TermState: Sendable, Hashable {
    let sensorType: String
    /// The newest reading of the sensor; nil before the first.
    var time: Timestamp?
    var value: Double?
    /// Whether the condition is met; while an alert is open, until it is cleared.
    var isMet = false

    /// Takes a reading of the sensor, unless it is not newer than the last one.
    mutating func take(_ reading: Reading, by condition: ThresholdCondition, isOpen: Bool) -> Bool {
        if let time, reading.time <= time { return false }
        (time, value) = (reading.time, reading.value)
        isMet = condition.isMet(by: reading.value) || isMet && isOpen && !condition.isCleared(by: reading.value)
        return true
    }
}

extension [TermState] {
    /// The states of the conditions of a rule that has changed, by what is known of their sensors.
    func adopted(by composite: CompositeCondition) -> [TermState] {
        composite.terms.map { term in
            guard let known = first(where: { $0.sensorType == term.sensorType }) else {
                return TermState(sensorType: term.sensorType)
            }
            return TermState(
                sensorType: term.sensorType, time: known.time, value: known.value,
                isMet: known.value.map(term.condition.isMet) ?? false)
        }
    }
}
