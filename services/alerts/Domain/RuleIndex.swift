import FoundationEssentials
import Synchronization

/// What rules with a scope ask of a device.
struct DeviceAttributes: Sendable, Hashable {
    let name: String
    let projectID: UUID?
    let tags: [String]
}

/// One organization's enabled rules, found by sensor and device without looking at the others.
///
/// Devices for which a sensor has the same rules share one array of them; the index itself goes when rules change.
final class RuleIndex: Sendable {
    private struct SensorRules {
        var everywhere: [Rule] = []
        var byDevice: [UUID: [Rule]] = [:]
        var byTag: [String: [Rule]] = [:]
        var byProject: [UUID: [Rule]] = [:]
        /// Devices that a rule names or has bounds of their own for: what they are for other rules does not tell theirs.
        var particular: Set<UUID> = []
    }

    /// What a device is for rules that do not name it.
    private struct Sort: Hashable {
        let sensorType: String
        let projectID: UUID?
        let tags: [String]
    }

    private struct Cache {
        var shared: [Sort: [Rule]] = [:]
        /// Those that were found for devices which rules name, by the rules' ids.
        var lists: [[UUID]: [Rule]] = [:]
    }

    private let sensors: [String: SensorRules]
    private let cache = Mutex(Cache())

    init(_ rules: [Rule]) {
        sensors = rules.reduce(into: [:]) { sensors, rule in
            guard rule.definition.isEnabled else { return }
            let kind = rule.definition.kind
            // A composite rule is found by each of its sensors, and among those of the device.
            for sensor in Set(kind.sensorTypes + [kind.sensorType]) {
                Self.insert(rule, into: &sensors[sensor, default: SensorRules()])
            }
        }
    }

    private static func insert(_ rule: Rule, into rules: inout SensorRules) {
        switch rule.definition.scope {
        case .all: rules.everywhere.append(rule)
        case .devices(let devices):
            for device in devices { rules.byDevice[device, default: []].append(rule) }
            rules.particular.formUnion(devices)
        case .tags(let tags): for tag in tags { rules.byTag[tag, default: []].append(rule) }
        case .project(let project): rules.byProject[project, default: []].append(rule)
        }
        rules.particular.formUnion(rule.definition.overrides.keys)
    }

    var isEmpty: Bool { sensors.isEmpty }

    /// The rules that take readings of a sensor of a device, each once and as it is for that device; for an empty name
    /// those about the device as a whole: about its connection, its battery, or several of its sensors together.
    func rules(for sensor: String, of device: UUID, _ attributes: DeviceAttributes?) -> [Rule] {
        guard let rules = sensors[sensor] else { return [] }
        return cache.withLock { Self.find(in: rules, sensor, device, attributes, &$0) }
    }

    private static func find(
        in rules: SensorRules, _ sensor: String, _ device: UUID, _ attributes: DeviceAttributes?, _ cache: inout Cache
    ) -> [Rule] {
        if rules.particular.contains(device) {
            let found = rules.everywhere + rules.byDevice[device, default: []] + scoped(rules, attributes)
            guard found.allSatisfy({ $0.definition.overrides[device] == nil }) else {
                return found.map { $0.resolved(for: device) }
            }
            let ids = found.map(\.id)
            if let list = cache.lists[ids] { return list }
            cache.lists[ids] = found
            return found
        }
        let sort = Sort(sensorType: sensor, projectID: attributes?.projectID, tags: attributes?.tags ?? [])
        if let shared = cache.shared[sort] { return shared }
        let found = rules.everywhere + scoped(rules, attributes)
        cache.shared[sort] = found
        return found
    }

    private static func scoped(_ rules: SensorRules, _ attributes: DeviceAttributes?) -> [Rule] {
        guard let attributes else { return [] }
        var found = attributes.projectID.flatMap { rules.byProject[$0] } ?? []
        var seen = Set<UUID>()
        for tag in attributes.tags {
            found += rules.byTag[tag, default: []].filter { seen.insert($0.id).inserted }
        }
        return found
    }
}
