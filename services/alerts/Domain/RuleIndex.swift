import FoundationEssentials

/// What rules with a scope ask of a device.
struct DeviceAttributes: Sendable, Hashable {
    let name: String
    let projectID: UUID?
    let tags: [String]
}

/// One organization's enabled rules, found by sensor and device without looking at the others.
struct RuleIndex: Sendable {
    private struct SensorRules {
        var everywhere: [Rule] = []
        var byDevice: [UUID: [Rule]] = [:]
        var byTag: [String: [Rule]] = [:]
        var byProject: [UUID: [Rule]] = [:]
    }

    private var sensors: [String: SensorRules] = [:]

    init(_ rules: [Rule]) {
        for rule in rules where rule.definition.isEnabled { insert(rule) }
    }

    private mutating func insert(_ rule: Rule) {
        var rules = sensors[rule.definition.sensorType, default: SensorRules()]
        switch rule.definition.scope {
        case .all: rules.everywhere.append(rule)
        case .devices(let devices): for device in devices { rules.byDevice[device, default: []].append(rule) }
        case .tags(let tags): for tag in tags { rules.byTag[tag, default: []].append(rule) }
        case .project(let project): rules.byProject[project, default: []].append(rule)
        }
        sensors[rule.definition.sensorType] = rules
    }

    /// Whether any rule may be for this sensor of this device; cheap, and right without the device's attributes.
    func mayApply(to sensor: String, of device: UUID) -> Bool {
        guard let rules = sensors[sensor] else { return false }
        return !rules.everywhere.isEmpty || !rules.byTag.isEmpty || !rules.byProject.isEmpty
            || rules.byDevice[device] != nil
    }

    /// The rules for a sensor of a device, each once.
    func rules(for sensor: String, of device: UUID, _ attributes: DeviceAttributes?) -> [Rule] {
        guard let rules = sensors[sensor] else { return [] }
        var found = rules.everywhere + rules.byDevice[device, default: []]
        guard let attributes else { return found }
        if let project = attributes.projectID { found += rules.byProject[project, default: []] }
        var seen = Set<UUID>()
        for tag in attributes.tags {
            found += rules.byTag[tag, default: []].filter { seen.insert($0.id).inserted }
        }
        return found
    }
}
