import FoundationEssentials
import Postgres
import Redis

/// Where all rules stand with one device.
///
/// It follows from what was stored, the entries of the stream since, and their times: whoever takes them again from a
/// stored state comes to the same.
struct DeviceState: Sendable {
    /// How long a rule that is for the device no more is remembered for the sake of its cool-down.
    static let parking = Duration.seconds(30 * 86_400)

    let id: UUID
    let organizationID: UUID
    var profile: DeviceProfile?
    /// Entries of the stream up to here are in the stored state.
    let storedPosition: StreamID
    /// The entry behind them of which some is in the stored state, too.
    var unfinished: StreamID?
    /// By their types; the empty one is the device as a whole.
    var sensors: [String: SensorState]
    var standing: [RuleKey: StandingAlert]
    /// States of rules that are not for the device just now.
    var parked: [RuleKey: RuleState]
    /// What the sensors' rules and timers are of.
    private var planned: OrganizationRules?
    /// When anything came from it last.
    var lastSeen = Timestamp(microseconds: 0)
    /// Whether the state is not as it is stored.
    var isChanged = false

    init(
        id: UUID, organizationID: UUID, profile: DeviceProfile? = nil, storedPosition: StreamID = .zero,
        sensors: [String: SensorState] = [:], standing: [RuleKey: StandingAlert] = [:],
        parked: [RuleKey: RuleState] = [:]
    ) {
        (self.id, self.organizationID, self.profile, self.storedPosition) = (
            id, organizationID, profile, storedPosition
        )
        (self.sensors, self.standing, self.parked) = (sensors, standing, parked)
        lastSeen = sensors.values.compactMap(\.lastSeen).max() ?? lastSeen
    }

    /// Whether something may come of it without a further reading.
    var isWatched: Bool {
        !standing.isEmpty || profile?.isTelling == true
            || sensors.values.contains { $0.slots.contains { $0.state.holdingSince != nil } }
            || parked.values.contains { $0.holdingSince != nil }
    }

    /// The timers that are set for its rules.
    var timers: [RuleTimer] {
        sensors.flatMap { type, sensor in
            zip(sensor.rules, sensor.slots).compactMap { rule, slot in
                slot.timer.map { RuleTimer(deadline: $0, deviceID: id, sensorType: type, ruleID: rule.id) }
            }
        }
    }

    func key(_ rule: Rule) -> RuleKey {
        RuleKey(ruleID: rule.id, deviceID: id, sensorType: rule.definition.sensorType)
    }

    /// Follows what people have done to its alerts, but for those about `pending`.
    mutating func follow(_ found: [RuleKey: UUID], except pending: Set<RuleKey>) {
        for key in Set(standing.keys).union(found.keys).subtracting(pending) where standing[key]?.id != found[key] {
            standing[key] = found[key].map { StandingAlert(id: $0) }
            guard let place = sensors.index(forKey: key.sensorType),
                let index = sensors.values[place].rules.firstIndex(where: { $0.id == key.ruleID })
            else { continue }
            sensors.values[place].slots[index].state.isOpen = found[key] != nil
            isChanged = true
        }
    }

    // MARK: Rules

    /// A rule as it is at one time; its timers are of that.
    private struct VersionKey: Hashable {
        let id: UUID
        let version: Int
    }

    /// Goes over to the rules as they are now, unless these are the ones already.
    mutating func plan(_ rules: OrganizationRules, at now: Timestamp, _ timers: inout TimerHeap) {
        guard planned !== rules else { return }
        planned = rules
        for sensor in sensors.values {
            for (rule, state) in sensor.remarkable { parked[key(rule)] = state }
        }
        for type in Set(sensors.keys).union(parked.keys.map(\.sensorType)).union([""]) {
            plan(type, rules.index, at: now, &timers)
        }
        parked = parked.filter { key, state in
            standing[key] != nil || state.lastTriggered.map { now.since($0) < Self.parking } ?? false
        }
    }

    /// Goes over to the rules anew, since what they ask of the device has changed.
    mutating func change(_ profile: DeviceProfile?) {
        if profile?.attributes != self.profile?.attributes { planned = nil }
        self.profile = profile
    }

    /// Finds the rules for one of its sensors. What a maintenance window has held back is looked at anew: the window may
    /// have changed.
    mutating func plan(_ type: String, _ index: RuleIndex, at now: Timestamp, _ timers: inout TimerHeap) {
        var sensor = sensors[type] ?? SensorState()
        let timed = zip(sensor.rules, sensor.slots).compactMap { rule, slot in
            slot.timer.map { (VersionKey(id: rule.id, version: rule.version), $0) }
        }
        let set = Dictionary(uniqueKeysWithValues: timed)
        let found = index.rules(for: type, of: id, profile?.attributes)
        sensor.isShared = found.contains { $0.definition.sensorType != type }
        sensor.rules = sensor.isShared ? found.filter { $0.definition.sensorType == type } : found
        sensor.slots = sensor.rules.map { rule in
            let key = key(rule)
            var state = parked.removeValue(forKey: key) ?? sensor.initialState(of: rule)
            if standing[key] != nil || state.kind != nil { state.adopt(rule) }
            state.isOpen = standing[key] != nil
            return SensorState.Slot(state: state, timer: set[VersionKey(id: rule.id, version: rule.version)])
        }
        sensors[type] = sensor
        guard let place = sensors.index(forKey: type) else { return }
        for index in sensor.slots.indices {
            if sensor.isHeldBack(at: index) {
                setTimer(type, place, index, at: now, &timers)
            } else {
                setTimer(type, place, index, &timers)
            }
        }
    }

    /// Where a sensor stands among ``sensors``.
    typealias Place = Dictionary<String, SensorState>.Index

    /// Sets a timer for a rule that waits, unless there is one: deadlines only move away while the rule stays the same.
    mutating func setTimer(_ type: String, _ place: Place, _ index: Int, _ timers: inout TimerHeap) {
        guard sensors.values[place].slots[index].isUntimed,
            let deadline = sensors.values[place].slots[index].state.deadline(of: sensors.values[place].rules[index])
        else { return }
        setTimer(type, place, index, at: deadline, &timers)
    }

    mutating func setTimer(
        _ type: String, _ place: Place, _ index: Int, at deadline: Timestamp, _ timers: inout TimerHeap
    ) {
        sensors.values[place].slots[index].timer = deadline
        timers.insert(
            RuleTimer(
                deadline: deadline, deviceID: id, sensorType: type, ruleID: sensors.values[place].rules[index].id))
    }
}
