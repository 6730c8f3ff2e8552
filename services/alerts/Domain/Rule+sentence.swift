import FoundationEssentials

extension RuleKind {
    /// What a rule of this kind watches for, in words: `temperature above 30 for 5 min`.
    var sentence: String {
        switch self {
        case .threshold(let sensor, let condition, let seconds):
            "\(sensor) \(condition.relation)\(Self.lasting(seconds))"
        case .rateOfChange(let sensor, let condition, let seconds):
            "\(sensor) changes by \(condition.relation) a minute, over \(Self.duration(Double(seconds)))"
        case .noData(let sensor, let seconds): "no reading of \(sensor) for \(Self.duration(Double(seconds)))"
        case .deviceOffline(let seconds): "the device is offline\(Self.lasting(seconds))"
        case .batteryLow(let condition): "the battery \(condition.relation) %"
        case .dataQuality(let sensor, let quality):
            """
            \(quality.share.relation) % of the readings of \(sensor) in \
            \(Self.duration(Double(quality.windowSeconds))) are \(quality.grade.name) or worse
            """
        case .composite(let composite, let seconds):
            composite.terms.map { "\($0.sensorType) \($0.condition.relation)" }
                .joined(separator: composite.match == .all ? " and " : " or ") + Self.lasting(seconds)
        }
    }

    private static func lasting(_ seconds: Int) -> String {
        seconds == 0 ? "" : " for \(duration(Double(seconds)))"
    }
}

extension RuleKind.Name {
    /// As people call it.
    var title: String {
        switch self {
        case .threshold: "Threshold"
        case .rateOfChange: "Rate of change"
        case .noData: "No data"
        case .deviceOffline: "Device offline"
        case .batteryLow: "Battery low"
        case .dataQuality: "Data quality"
        case .composite: "Several conditions"
        }
    }

    /// When a rule of this kind triggers, for who chooses one.
    var summary: String {
        switch self {
        case .threshold: "A sensor's values are above, below, within or outside bounds."
        case .rateOfChange: "A sensor's values rise or fall too fast."
        case .noData: "A sensor has become silent."
        case .deviceOffline: "A device has lost its connection."
        case .batteryLow: "A device's battery is nearly empty."
        case .dataQuality: "Too many of a sensor's readings are poor or bad."
        case .composite: "All or any of several conditions on a device's sensors hold."
        }
    }
}

extension RuleScope {
    /// What is called by its name in words: the project, or the devices where they are few.
    var named: [UUID] {
        switch self {
        case .all, .tags: []
        case .devices(let ids): ids.count <= 3 ? Array(ids) : []
        case .project(let id): [id]
        }
    }

    /// In words.
    ///
    /// - Parameter names: Those of ``named``, as far as they are known.
    func sentence(_ names: [UUID: String]) -> String {
        let known = named.compactMap { names[$0] }.sorted()
        switch self {
        case .all: return "all devices"
        case .devices(let ids) where known.count == ids.count: return known.joined(separator: ", ")
        case .devices(let ids): return ids.count == 1 ? "one device" : "\(ids.count) devices"
        case .tags(let tags): return "devices tagged \(tags.sorted().joined(separator: " or "))"
        case .project: return "the devices of \(known.first.map { "the project \($0)" } ?? "a project")"
        }
    }
}

extension RuleSchedule {
    /// In words: `mon, tue 08:00 to 17:00 Europe/Berlin`.
    var sentence: String {
        let document = RuleScheduleDocument(self)
        return "\(document.days.joined(separator: ", ")) \(document.from) to \(document.to) \(document.timeZone)"
    }
}
