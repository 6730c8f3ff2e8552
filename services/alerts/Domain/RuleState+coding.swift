import Postgres

/// A state as it is stored: with short keys that never change their meaning, times in microseconds since 1970 UTC, and
/// without what is as at the beginning.
extension RuleState: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind = "k"
        case version = "v"
        case lastReading = "r"
        case lastValue = "x"
        case holdingSince = "h"
        case lastTriggered = "t"
        case isOpen = "o"
        case rate = "c"
        case quality = "q"
        case terms = "m"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decodeIfPresent(RuleKind.Name.self, forKey: .kind)
        version = try container.decodeIfPresent(Int.self, forKey: .version) ?? 0
        lastReading = try container.decodeMicroseconds(forKey: .lastReading)
        lastValue = try container.decodeIfPresent(Double.self, forKey: .lastValue)
        holdingSince = try container.decodeMicroseconds(forKey: .holdingSince)
        lastTriggered = try container.decodeMicroseconds(forKey: .lastTriggered)
        isOpen = try container.decodeIfPresent(Bool.self, forKey: .isOpen) ?? false
        if let rate = try container.decodeIfPresent(RateWindow.self, forKey: .rate) {
            memory = .rate(rate)
        } else if let quality = try container.decodeIfPresent(QualityWindow.self, forKey: .quality) {
            memory = .quality(quality)
        } else if let terms = try container.decodeIfPresent([TermState].self, forKey: .terms) {
            memory = .terms(terms)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(kind, forKey: .kind)
        if version != 0 { try container.encode(version, forKey: .version) }
        try container.encodeIfPresent(lastReading?.microseconds, forKey: .lastReading)
        try container.encodeIfPresent(lastValue, forKey: .lastValue)
        try container.encodeIfPresent(holdingSince?.microseconds, forKey: .holdingSince)
        try container.encodeIfPresent(lastTriggered?.microseconds, forKey: .lastTriggered)
        if isOpen { try container.encode(true, forKey: .isOpen) }
        switch memory {
        case .nothing: break
        case .rate(let rate): try container.encode(rate, forKey: .rate)
        case .quality(let quality): try container.encode(quality, forKey: .quality)
        case .terms(let terms): try container.encode(terms, forKey: .terms)
        }
    }
}

/// Time, value, time, value, …
extension RateWindow: Codable {
    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        while !container.isAtEnd {
            let time = Timestamp(microseconds: try container.decode(Int64.self))
            samples.append(Sample(time: time, value: try container.decode(Double.self)))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for sample in samples {
            try container.encode(sample.time.microseconds)
            try container.encode(sample.value)
        }
    }
}

/// The length of a slot, the grade, and then number, total and bad of each slot.
extension QualityWindow: Codable {
    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        slotLength = try container.decode(Int64.self)
        grade = Quality(rawValue: try container.decode(UInt8.self)) ?? .poor
        while !container.isAtEnd {
            slots.append(
                Slot(
                    number: try container.decode(Int64.self), total: try container.decode(Int64.self),
                    bad: try container.decode(Int64.self)))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(slotLength)
        try container.encode(grade.rawValue)
        for slot in slots {
            for number in [slot.number, slot.total, slot.bad] { try container.encode(number) }
        }
    }
}

extension TermState: Codable {
    private enum CodingKeys: String, CodingKey {
        case sensorType = "s"
        case time = "r"
        case value = "x"
        case isMet = "m"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sensorType = try container.decode(String.self, forKey: .sensorType)
        time = try container.decodeMicroseconds(forKey: .time)
        value = try container.decodeIfPresent(Double.self, forKey: .value)
        isMet = try container.decodeIfPresent(Bool.self, forKey: .isMet) ?? false
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encodeIfPresent(time?.microseconds, forKey: .time)
        try container.encodeIfPresent(value, forKey: .value)
        if isMet { try container.encode(true, forKey: .isMet) }
    }
}

extension KeyedDecodingContainer {
    fileprivate func decodeMicroseconds(forKey key: Key) throws -> Timestamp? {
        try decodeIfPresent(Int64.self, forKey: key).map(Timestamp.init(microseconds:))
    }
}
