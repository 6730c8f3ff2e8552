import EventBus
import FoundationEssentials
import Postgres
import Redis

/// Where all rules stand with the devices of a partition: what its holder has in memory.
struct PartitionState: Sendable {
    /// How long an entry may take from its readings' commit into the stream, which the clock waits for.
    static let publishing = Duration.seconds(2)
    /// How long a device may be silent before it is forgotten, if nothing can come of it.
    static let memory = Duration.seconds(3_600)
    /// How many timers need no looking after.
    static let fewestTimers = 1_024

    private(set) var devices: [UUID: DeviceState] = [:]
    /// How far the stream has been evaluated.
    private(set) var position: StreamID
    /// What time it surely is in the stream: everything before has been evaluated.
    private(set) var clock = Timestamp(microseconds: 0)
    private var evaluating = Evaluating()
    /// With how many timers it is looked which of them are still set.
    private var mostTimers = PartitionState.fewestTimers
    private var budget = TurnBudget()
    /// The entry of which some has been taken, and not all. Timers that it has set may yet be taken back by it.
    private var unfinished: StreamID?
    /// The devices that are yet to take what is known of them, and from when on that is known.
    private var unprofiled: [UUID: Timestamp] = [:]

    init(position: StreamID) {
        self.position = position
    }

    var timerCount: Int { evaluating.timers.count }
    /// How many alerts have begun and ended since the outcome was taken last.
    var changeCount: Int { evaluating.outcome.alerts.count }
    /// Whether there are timers to fire.
    var isTimerDue: Bool { budget.firesTimers && evaluating.timers.isDue(at: clock) }
    /// Whether devices are yet to take what is known of them.
    var isProfileDue: Bool { !unprofiled.isEmpty }
    /// The organizations of its devices.
    var organizations: Set<UUID> { Set(devices.values.map(\.organizationID)) }

    /// Takes in what is stored of devices.
    mutating func load(_ loaded: [DeviceState]) {
        for device in loaded {
            devices[device.id] = device
            if let id = device.unfinished { unfinished = max(unfinished ?? id, id) }
        }
    }

    /// Adds those devices of an entry to `missing` that are yet to be loaded before it can be taken, each with its
    /// organization.
    func addMissing(
        in entry: TelemetryEntry, _ rules: [UUID: OrganizationRules], to missing: inout [UUID: UUID]
    ) {
        for (device, organization) in zip(entry.devices, entry.organizations)
        where devices[device] == nil && rules[organization]?.isEmpty == false {
            missing[device] = organization
        }
    }

    /// Begins a turn, in which no more comes about than that.
    mutating func begin(_ budget: TurnBudget) {
        self.budget = budget
        allow(changes: budget.changes)
    }

    /// Lets so many more alerts begin and end in the turn, about.
    mutating func allow(changes: Int) {
        evaluating.allow(changes: changes)
    }

    /// Takes the next entry of the stream, of which no device is missing, once the timers have fired whose time came
    /// before.
    ///
    /// - Parameter isReplay: Whether the entry was evaluated before, and only states are to follow from it.
    /// - Returns: Whether all of it has been taken; if not, it is to be taken again in the next turn, and goes on then.
    @discardableResult
    mutating func take(
        _ entry: TelemetryEntry, at id: StreamID, by rules: [UUID: OrganizationRules], isReplay: Bool = false
    ) -> Bool {
        if !isReplay, unfinished != id {
            for time in [clock, Timestamp(entry: id).adding(.zero - Self.publishing)] {
                advance(clock: time)
                fireTimers(by: rules)
                guard !isTimerDue, !evaluating.isFull else { return false }
            }
            unfinished = id
        }
        evaluating.isReplay = isReplay
        defer { evaluating.isReplay = false }
        var rest = entry.byDeviceAndSensor[...]
        while let first = rest.first {
            let device = Int(entry.device[first])
            let run = rest.prefix { Int(entry.device[$0]) == device }
            rest = rest.dropFirst(run.count)
            guard let rules = rules[entry.organizations[device]], !rules.isEmpty,
                let place = devices.index(forKey: entry.devices[device])
            else { continue }
            devices.values[place].take(entry, run, at: id, by: rules, &evaluating)
            // The last device may have had readings left.
            guard !evaluating.isFull else { return false }
        }
        if !isReplay { unfinished = nil }
        return true
    }

    /// Notes that everything in the stream up to `id` has been taken.
    mutating func advance(to id: StreamID) {
        position = max(position, id)
        clock = max(clock, Timestamp(entry: id))
    }

    /// Notes that the stream held nothing more at a time that was so long after `time` that nothing of before was still
    /// on its way into it.
    mutating func advance(clock time: Timestamp) {
        unfinished = nil
        clock = max(clock, time)
    }

    /// Fires the timers whose time has come, the earliest first; those beyond what the turn may bring about stay due.
    mutating func fireTimers(by rules: [UUID: OrganizationRules]) {
        guard isTimerDue, unfinished == nil else { return }
        dropStaleTimers()
        evaluating.freeTimes = FreeTimes()
        while budget.timers > 0, !evaluating.isFull, let timer = evaluating.timers.takeDue(at: clock) {
            budget.timers -= 1
            guard let place = devices.index(forKey: timer.deviceID),
                let rules = rules[devices.values[place].organizationID]
            else { continue }
            devices.values[place].take(timer, at: clock, by: rules, &evaluating)
        }
    }

    /// Lets go of timers that others have taken the place of, as soon as they may be more than half of all.
    private mutating func dropStaleTimers() {
        guard timerCount > mostTimers else { return }
        evaluating.timers = TimerHeap(devices.values.flatMap(\.timers))
        mostTimers = max(Self.fewestTimers, 2 * timerCount)
    }

    /// Follows what is told of a device; nil when it is gone.
    mutating func change(_ device: UUID, to profile: DeviceProfile?) {
        guard let profile else {
            devices[device] = nil
            return
        }
        devices[device]?.change(profile)
    }

    /// Notes that devices are to go over to the rules as they are now, and those about devices as a whole to take what
    /// is known of these, in this turn or the next ones.
    mutating func noteProfiles(of ids: some Sequence<UUID>, at now: Timestamp) {
        for id in ids { unprofiled[id] = now }
    }

    /// Lets devices take what is known of them, until half of what the turn may bring about has come about.
    mutating func takeProfiles(by rules: [UUID: OrganizationRules]) {
        while evaluating.outcome.alerts.count <= budget.changes / 2, let (id, now) = unprofiled.popFirst() {
            guard let place = devices.index(forKey: id), let rules = rules[devices.values[place].organizationID]
            else { continue }
            devices.values[place].takeProfile(by: rules, at: now, &evaluating)
        }
    }

    /// The devices of organizations.
    func devices(of organizations: Set<UUID>) -> [UUID] {
        devices.values.filter { organizations.contains($0.organizationID) }.map(\.id)
    }

    /// Takes what has come of evaluating since it was asked last.
    mutating func takeOutcome() -> EvaluationOutcome {
        defer { evaluating.outcome = EvaluationOutcome() }
        return evaluating.outcome
    }

    /// Follows what people have done to alerts; not those of which something is about to be stored, which is compared
    /// with what stands then.
    ///
    /// - Parameter standing: All that stand at the partition's devices.
    mutating func follow(_ standing: [RuleKey: UUID]) {
        let pending = Set(evaluating.outcome.alerts.map(\.key))
        var byDevice = Dictionary(grouping: standing, by: \.key.deviceID)
        for device in devices.values where !device.standing.isEmpty { byDevice[device.id, default: []] += [] }
        for (id, found) in byDevice {
            guard let place = devices.index(forKey: id) else { continue }
            devices.values[place].follow(
                Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) }), except: pending)
        }
    }

    // MARK: Storing

    /// The devices whose states are to be stored.
    ///
    /// - Parameters:
    ///   - involved: Those with alerts that have begun or ended.
    ///   - isCountDue: Whether those are, too, of whose alerts something has been counted.
    ///   - isDue: Whether all are that have changed.
    func devicesToStore(_ involved: Set<UUID>, isCountDue: Bool, isDue: Bool) -> [DeviceState] {
        let due =
            isCountDue || isDue
            ? devices.values.filter { device in
                involved.contains(device.id) || isDue && device.isChanged
                    || device.standing.values.contains { $0.counted > 0 }
            } : involved.compactMap { devices[$0] }
        return due.map { device in
            var device = device
            device.unfinished = unfinished
            return device
        }
    }

    /// Notes that devices have been stored as they are, and what was counted of their alerts with them.
    mutating func hasStored(_ ids: some Sequence<UUID>) {
        for id in ids {
            guard let place = devices.index(forKey: id) else { continue }
            devices.values[place].isChanged = false
            for key in devices.values[place].standing.keys {
                devices.values[place].standing[key]?.counted = 0
                devices.values[place].standing[key]?.lastReading = nil
            }
        }
    }

    /// Forgets devices that are stored, have been silent for long, and of which nothing can come.
    mutating func forgetSilent() {
        devices = devices.filter { _, device in
            device.isChanged || clock.since(device.lastSeen) < Self.memory || device.isWatched
        }
    }
}

/// What may come about in a turn at most, but for what the last reading brings.
struct TurnBudget: Sendable {
    /// Alerts that begin and end.
    var changes = Int.max
    /// Timers that fire.
    var timers = Int.max
    /// Whether any do: not where it is not known what is still on its way into the stream.
    var firesTimers = true
}

extension TelemetryEntry {
    /// Where the readings stand, device by device and sensor by sensor, each in the order of time.
    fileprivate var byDeviceAndSensor: [Int] {
        (0..<count).sorted { first, second in
            (device[first], sensorType[first], time[first], first)
                < (device[second], sensorType[second], time[second], second)
        }
    }
}
