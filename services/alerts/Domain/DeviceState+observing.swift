import EventBus
import FoundationEssentials
import Postgres
import Redis

/// How observations are taken.
struct Evaluating: Sendable {
    /// Entries that were evaluated before are taken once more for the states alone: what began or ended then did so with
    /// the states stored, so that nothing does now, whatever the rules have become since.
    var isReplay = false
    var outcome = EvaluationOutcome()
    /// With how many alerts that have begun and ended no more is taken.
    private var mostChanges = Int.max
    var timers = TimerHeap()
    /// Of one turn, in which rules and windows stay as they are.
    var freeTimes = FreeTimes()

    var isFull: Bool { outcome.alerts.count >= mostChanges }

    /// Lets so many more alerts begin and end, about.
    mutating func allow(changes: Int) {
        mostChanges = changes == .max ? .max : outcome.alerts.count + changes
    }

    /// How many observations are taken at once, each of which may begin or end an alert of each of the rules.
    func pieceLength(_ rules: Int) -> Int { max(1, (mostChanges - outcome.alerts.count) / max(1, rules)) }
}

extension DeviceState {
    /// Takes a device's readings of an entry of the stream, all of them unless as many alerts have begun and ended as may
    /// before. Taken once more, it goes on from there: readings that are not newer than others change nothing.
    ///
    /// - Parameters:
    ///   - indices: Where they stand in the entry: sensor by sensor, each in the order of time.
    ///   - id: The entry's, whose time is the clock.
    mutating func take(
        _ entry: TelemetryEntry, _ indices: ArraySlice<Int>, at id: StreamID, by rules: OrganizationRules,
        _ evaluating: inout Evaluating
    ) {
        guard id > storedPosition else { return }
        let now = Timestamp(entry: id)
        plan(rules, at: now, &evaluating.timers)
        let isSuppressed = rules.calendar.isSuppressed(device: self.id, attributes: profile?.attributes, at: now)
        var shared: [(reading: Reading, sensor: String)] = []
        var rest = indices
        while let first = rest.first {
            let type = entry.sensorTypes[Int(entry.sensorType[first])]
            let run = rest.prefix { entry.sensorType[$0] == entry.sensorType[first] }
            rest = rest.dropFirst(run.count)
            if sensors[type] == nil { plan(type, rules.index, at: now, &evaluating.timers) }
            guard let sensor = sensors[type], sensor.isShared || !sensor.rules.isEmpty else { continue }
            let readings = run.map { entry.reading(at: $0) }
            take(readings, of: type, at: now, isSuppressed, &evaluating)
            guard !evaluating.isFull else { break }
            if sensor.isShared { shared += readings.map { ($0, type) } }
            if !evaluating.isReplay { evaluating.outcome.readings += readings.count }
        }
        shared.sort { $0.reading.time < $1.reading.time }
        var left = shared[...]
        while !left.isEmpty, !evaluating.isFull {
            let piece = left.prefix(evaluating.pieceLength(sensors[""]?.rules.count ?? 0))
            left = left.dropFirst(piece.count)
            take(piece.map { .reading($0.reading, sensor: $0.sensor) }, at: now, isSuppressed, &evaluating) {
                $0.definition.kind.name == .composite
            }
        }
        lastSeen = now
        isChanged = true
    }

    /// Takes what is known of the device besides its readings; what was taken before changes nothing.
    mutating func takeProfile(by rules: OrganizationRules, at now: Timestamp, _ evaluating: inout Evaluating) {
        plan(rules, at: now, &evaluating.timers)
        guard let profile, sensors[""]?.rules.isEmpty == false else { return }
        let isSuppressed = rules.calendar.isSuppressed(device: id, attributes: profile.attributes, at: now)
        var observations: [Observation] = []
        if let condition = profile.condition {
            observations.append(.status(isOffline: condition.isOffline, at: condition.time))
        }
        if let battery = profile.battery {
            observations.append(.battery(level: battery.level, at: battery.time))
        }
        take(observations, at: now, isSuppressed, &evaluating) { $0.definition.kind.sensorTypes.isEmpty }
    }

    /// Lets a rule's time pass.
    ///
    /// - Parameter clock: One that is not ahead of what has been observed.
    mutating func take(
        _ timer: RuleTimer, at clock: Timestamp, by rules: OrganizationRules, _ evaluating: inout Evaluating
    ) {
        plan(rules, at: clock, &evaluating.timers)
        let type = timer.sensorType
        guard let place = sensors.index(forKey: type),
            let index = sensors.values[place].rules.firstIndex(where: { $0.id == timer.ruleID }),
            sensors.values[place].slots[index].timer == timer.deadline
        else { return }
        sensors.values[place].slots[index].timer = nil
        let rule = sensors.values[place].rules[index]
        guard let deadline = sensors.values[place].slots[index].state.deadline(of: rule) else { return }
        let due = due(rule, from: max(timer.deadline, deadline), at: clock, rules.calendar, &evaluating.freeTimes)
        guard due <= clock else { return setTimer(type, place, index, at: due, &evaluating.timers) }
        take(.tick, by: rule, place, index, at: clock, false, &evaluating)
        isChanged = true
    }

    /// When a rule that waits until `time` triggers. What a maintenance window holds back triggers when that is over and
    /// the rule's hours are on, not in the hours that were on meanwhile; and during a window nothing does, however late it
    /// is. Where there is no telling for so long a time, it is looked from the clock on.
    ///
    /// - Returns: Where windows and hours leave no such time, one that is far enough away to look again then.
    private func due(
        _ rule: Rule, from time: Timestamp, at clock: Timestamp, _ calendar: MaintenanceCalendar,
        _ freeTimes: inout FreeTimes
    ) -> Timestamp {
        guard time <= clock else { return time }
        let (windows, schedule) = (calendar.windows(of: id, profile?.attributes), rule.definition.schedule)
        if !windows.contains(where: { $0.definition.period.contains(clock) }),
            let due = freeTimes.first(from: time, in: schedule, outside: windows)
        {
            return due
        }
        return freeTimes.first(from: clock, in: schedule, outside: windows) ?? clock.adding(RuleSchedule.horizon)
    }

    // MARK: One rule

    private mutating func take(
        _ readings: [Reading], of type: String, at now: Timestamp, _ isSuppressed: Bool,
        _ evaluating: inout Evaluating
    ) {
        guard let place = sensors.index(forKey: type) else { return }
        let rules = sensors.values[place].rules
        var rest = readings[...]
        while !rest.isEmpty, !evaluating.isFull {
            let piece = rest.prefix(evaluating.pieceLength(rules.count))
            rest = rest.dropFirst(piece.count)
            for index in rules.indices {
                for reading in piece {
                    take(
                        .reading(reading, sensor: type), by: rules[index], place, index, at: now, isSuppressed,
                        &evaluating)
                }
                setTimer(type, place, index, &evaluating.timers)
            }
            for reading in piece { sensors.values[place].saw(reading.time, at: now) }
        }
    }

    /// Of the device as a whole.
    private mutating func take(
        _ observations: [Observation], at now: Timestamp, _ isSuppressed: Bool, _ evaluating: inout Evaluating,
        where isFor: (Rule) -> Bool
    ) {
        guard let place = sensors.index(forKey: "") else { return }
        for (index, rule) in sensors.values[place].rules.enumerated() where isFor(rule) {
            let before = sensors.values[place].slots[index].state
            for observation in observations {
                take(observation, by: rule, place, index, at: now, isSuppressed, &evaluating)
            }
            setTimer("", place, index, &evaluating.timers)
            if sensors.values[place].slots[index].state != before { isChanged = true }
        }
    }

    private mutating func take(
        _ observation: Observation, by rule: Rule, _ place: Place, _ index: Int, at now: Timestamp,
        _ isSuppressed: Bool, _ evaluating: inout Evaluating
    ) {
        evaluating.outcome.evaluations += 1
        let action = sensors.values[place].slots[index].state.take(
            observation, of: rule, at: now, isSuppressed: isSuppressed || evaluating.isReplay)
        switch action {
        case .trigger(let finding): begin(finding, rule, at: now, &evaluating.outcome)
        case .count(let reading): standing[key(rule)]?.count(reading)
        case .resolve where evaluating.isReplay: sensors.values[place].slots[index].state.isOpen = true
        case .resolve:
            guard let alert = standing.removeValue(forKey: key(rule)) else { return }
            evaluating.outcome.alerts.append(
                .ended(alert, key: key(rule), at: now, channelIDs: rule.definition.channelIDs))
        case nil: break
        }
    }

    private mutating func begin(_ finding: Finding, _ rule: Rule, at now: Timestamp, _ outcome: inout EvaluationOutcome)
    {
        let alert = Alert(rule, device: id, name: profile?.attributes.name, finding: finding, at: now)
        standing[alert.key] = StandingAlert(id: alert.id)
        outcome.alerts.append(.begun(alert, NotificationPlan(rule.definition)))
    }
}

extension TelemetryEntry {
    fileprivate func reading(at index: Int) -> Reading {
        Reading(
            time: Timestamp(microseconds: time[index]), value: value[index],
            quality: Quality(rawValue: quality[index]) ?? .good)
    }
}

extension Timestamp {
    /// When an entry was added to its stream.
    init(entry id: StreamID) {
        self.init(microseconds: Int64(clamping: id.milliseconds) * 1_000)
    }
}
