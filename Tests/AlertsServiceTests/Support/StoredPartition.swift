import EventBus
import FoundationEssentials
import Postgres
import Redis

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

    /// Lets time pass in which nothing comes.
    mutating func pass(to time: Timestamp) throws {
        state.advance(clock: time)
        fireTimers()
        try commit(isCountDue: true, isDue: true)
    }

    private mutating func fireTimers() {
        while state.isTimerDue { state.fireTimers(by: rules, atMost: 2) }
    }

    /// Follows other maintenance windows.
    mutating func change(_ calendar: MaintenanceCalendar, at now: Timestamp) {
        rules = rules.mapValues { OrganizationRules(index: $0.index, calendar: calendar) }
        state.takeProfiles(of: Array(state.devices.keys), by: rules, at: now)
    }

    /// Follows what is told of a device.
    mutating func change(_ device: UUID, to profile: DeviceProfile, at now: Timestamp) {
        profiles[device] = profile
        state.change(device, to: profile)
        state.takeProfiles(of: [device], by: rules, at: now)
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
        state.takeProfiles(of: Array(state.devices.keys), by: rules, at: Timestamp(entry: position))
    }

    private mutating func take(_ entry: TelemetryEntry, at id: StreamID, isReplay: Bool) {
        var missing: [UUID: UUID] = [:]
        state.addMissing(in: entry, rules, to: &missing)
        organizations.merge(missing) { $1 }
        load(Set(missing.keys))
        state.take(entry, at: id, by: rules, isReplay: isReplay)
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
