import EventBus
import FoundationEssentials
import Postgres
import Redis
import TestKit

@testable import AlertsService

/// A partition's stream and what is stored of its evaluation, without a database: turns are committed to it, and memory is
/// loaded from it.
struct StoredPartition {
    struct StoredAlert: Hashable {
        let key: RuleKey
        let begun: Timestamp
        var ended: Timestamp?
        var count = 1

        /// Two of one rule and device may begin with one entry.
        fileprivate var order: (Timestamp, String, String, Timestamp, Int) {
            (begun, key.ruleID.text, key.deviceID.text, ended ?? Timestamp(microseconds: .max), count)
        }
    }

    var rules: [UUID: OrganizationRules]
    var profiles: [UUID: DeviceProfile] = [:]
    private(set) var state = PartitionState(position: .zero)
    private var position = StreamID.zero
    private var statePosition = StreamID.zero
    private var records: [UUID: (record: DeviceRecord, position: StreamID, isWatched: Bool)] = [:]
    private var organizations: [UUID: UUID] = [:]
    private var entries: [(id: StreamID, entry: TelemetryEntry)] = []
    private var alerts: [UUID: StoredAlert] = [:]
    private(set) var changes: [AlertChange] = []

    init(_ rules: [Rule], calendar: MaintenanceCalendar = .empty) {
        self.rules = Dictionary(grouping: rules, by: \.organizationID).mapValues {
            OrganizationRules(index: RuleIndex($0), calendar: calendar)
        }
    }

    /// All alerts there have been, in the order of their beginnings.
    var history: [StoredAlert] {
        alerts.values.sorted { $0.order < $1.order }
    }

    /// Takes an entry as a turn of its own, and lets the time pass up to it.
    mutating func take(_ entry: TelemetryEntry, at id: StreamID, isCountDue: Bool = true, isDue: Bool = true) throws {
        entries.append((id, entry))
        take(entry, at: id, isReplay: false)
        state.advance(to: id)
        fireTimers()
        try commit(isCountDue: isCountDue, isDue: isDue)
    }

    /// Takes entries as turns of random lengths, in each of which little may come about.
    mutating func take(
        _ entries: [(id: StreamID, entry: TelemetryEntry)], inTurnsBy random: inout SplitMix64
    ) throws {
        self.entries += entries
        var rest = entries[...]
        while !rest.isEmpty {
            let most = 1...3
            state.begin(
                TurnBudget(
                    changes: Int.random(in: most, using: &random), timers: Int.random(in: most, using: &random)))
            for (id, entry) in rest.prefix(Int.random(in: 1...20, using: &random)) {
                guard take(entry, at: id, isReplay: false) else { break }
                state.advance(to: id)
                rest.removeFirst()
            }
            state.fireTimers(by: rules)
            try commit(isCountDue: true, isDue: Bool.random(using: &random))
            if Int.random(in: 0..<5, using: &random) == 0 { crash() }
        }
        fireTimers()
        try commit(isCountDue: true, isDue: true)
    }

    /// Takes an entry in as many turns as it needs, each of about so many changes, and loses memory between them.
    ///
    /// - Returns: How many changes were stored at once at most.
    mutating func take(_ entry: TelemetryEntry, at id: StreamID, atMost changes: Int) throws -> Int {
        var most = 0
        var isTaken = false
        while !isTaken {
            let before = self.changes.count
            state.begin(TurnBudget(changes: changes))
            isTaken = take(entry, at: id, isReplay: false)
            if isTaken { state.advance(to: id) }
            try commit(isCountDue: true, isDue: true)
            most = max(most, self.changes.count - before)
            crash()
        }
        return most
    }

    /// Lets time pass in which nothing comes.
    mutating func pass(to time: Timestamp) throws {
        state.advance(clock: time)
        fireTimers()
        try commit(isCountDue: true, isDue: true)
    }

    private mutating func fireTimers() {
        repeat {
            state.begin(TurnBudget(timers: 2))
            state.fireTimers(by: rules)
        } while state.isTimerDue
        state.begin(TurnBudget())
    }

    /// Follows other maintenance windows.
    mutating func change(_ calendar: MaintenanceCalendar, at now: Timestamp) {
        rules = rules.mapValues { OrganizationRules(index: $0.index, calendar: calendar) }
        takeProfiles(of: Array(state.devices.keys), at: now)
    }

    /// Follows what is told of a device.
    mutating func change(_ device: UUID, to profile: DeviceProfile, at now: Timestamp) {
        profiles[device] = profile
        state.change(device, to: profile)
        takeProfiles(of: [device], at: now)
    }

    private mutating func takeProfiles(of devices: [UUID], at now: Timestamp) {
        state.noteProfiles(of: devices, at: now)
        state.takeProfiles(by: rules)
    }

    /// Loses what is in memory alone, and loads what is stored.
    mutating func crash() {
        state = PartitionState(position: statePosition)
        let standing = Set(alerts.values.filter { $0.ended == nil }.map(\.key.deviceID))
        load(standing.union(records.filter { $0.value.isWatched }.keys))
        for (id, entry) in entries where statePosition < id && id <= position {
            take(entry, at: id, isReplay: true)
        }
        state.advance(to: position)
        takeProfiles(of: Array(state.devices.keys), at: Timestamp(entry: position))
    }

    /// - Returns: Whether all of the entry has been taken.
    @discardableResult
    private mutating func take(_ entry: TelemetryEntry, at id: StreamID, isReplay: Bool) -> Bool {
        var missing: [UUID: UUID] = [:]
        state.addMissing(in: entry, rules, to: &missing)
        organizations.merge(missing) { $1 }
        load(Set(missing.keys))
        return state.take(entry, at: id, by: rules, isReplay: isReplay)
    }

    private mutating func load(_ devices: Set<UUID>) {
        state.load(
            devices.compactMap { id in
                guard let organization = organizations[id] else { return nil }
                let standing = alerts.filter { $0.value.ended == nil && $0.value.key.deviceID == id }
                return DeviceState(
                    id, in: organization, records[id]?.record, through: records[id]?.position ?? .zero,
                    profile: profiles[id],
                    standing: Dictionary(uniqueKeysWithValues: standing.map { ($0.value.key, $0.key) }))
            })
    }

    private mutating func commit(isCountDue: Bool, isDue: Bool) throws {
        let outcome = state.takeOutcome()
        changes += outcome.alerts
        for change in outcome.alerts {
            switch change {
            case .begun(let alert, _): alerts[alert.id] = StoredAlert(key: alert.key, begun: alert.triggeredAt)
            case .ended(let counted, _, let time, _):
                alerts[counted.id]?.ended = time
                alerts[counted.id]?.count += counted.counted
            }
        }
        let devices = state.devicesToStore(
            Set(outcome.alerts.map(\.key.deviceID)), isCountDue: isCountDue, isDue: isDue)
        for device in devices {
            // As the database has it.
            let record = try JSONB(DeviceRecord(device)).decode(DeviceRecord.self)
            records[device.id] = (record, state.position, device.isWatched)
            for alert in device.standing.values { alerts[alert.id]?.count += alert.counted }
        }
        state.hasStored(devices.map(\.id))
        position = state.position
        guard isDue else { return }
        state.forgetSilent()
        statePosition = position
    }
}
