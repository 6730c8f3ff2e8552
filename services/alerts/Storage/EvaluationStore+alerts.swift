import EventBus
import FoundationEssentials
import Postgres

extension EvaluationStore {
    /// What the turn's changes come to with the alerts as they are now. These and those that were counted are locked until
    /// the transaction ends: a rule is locked before a device, that before its states and these before its alerts, each in
    /// the order of ids, here as elsewhere.
    ///
    /// No alert begins at a device that has been deleted, where nothing would end it. One that cannot be read stands as it
    /// is.
    ///
    /// - Throws: ``StandingChanged`` when others stand than evaluation went by.
    func apply(_ turn: EvaluationTurn, _ transaction: Transaction) async throws -> ([AlertStep], [SQL]) {
        let keys = turn.alerts.map(\.key)
        let (rules, devices) = (Array(Set(keys.map(\.ruleID))), Array(Set(keys.map(\.deviceID))))
        let counted = turn.devices.flatMap(\.counted).map(\.id)
        guard !keys.isEmpty || !counted.isEmpty else { return ([], []) }
        let involved = Array(Set(devices).union(turn.devices.filter { !$0.counted.isEmpty }.map(\.id)))
        let isChanged: SQL = "device_id = ANY(\(devices)) AND rule_id = ANY(\(rules))"
        let results = try await transaction.batch([
            "SELECT id FROM alerts.rules WHERE id = ANY(\(rules)) ORDER BY id FOR KEY SHARE",
            "SELECT id, is_deleted FROM alerts.devices WHERE id = ANY(\(devices)) ORDER BY id FOR SHARE",
            """
            SELECT device_id FROM alerts.device_states WHERE device_id = ANY(\(involved)) ORDER BY device_id FOR UPDATE
            """,
            """
            SELECT id FROM alerts.alerts
            WHERE device_id = ANY(\(involved)) AND (id = ANY(\(counted)) OR \(isChanged)) AND \(Alert.isStanding)
            ORDER BY id FOR UPDATE
            """,
            "SELECT \(Alert.columns) FROM alerts.alerts WHERE \(isChanged) AND \(Alert.isStanding)",
        ])
        guard results.count == 5 else { throw StandingChanged() }
        let deleted = Set(try results[1].map { try $0.decode(UUID.self, Bool.self) }.filter(\.1).map(\.0))
        let standing = results[4].readable("alert", logger, Alert.init(row:))
        let unreadable = Set(try results[4].map(Alert.key)).subtracting(standing.map(\.key))
        var application = AlertApplication(
            rules: Set(try results[0].map { try $0.decode(UUID.self) }), deleted: deleted,
            standing: Dictionary(uniqueKeysWithValues: standing.map { ($0.key, $0) }))
        for change in turn.alerts where !unreadable.contains(change.key) { try application.apply(change) }
        return (application.steps, application.statements)
    }

    /// What stores the states of devices, and what was counted of their alerts, which are locked.
    func statements(storing devices: [DeviceState], _ checkpoints: [Int: Checkpoint]) throws -> [SQL] {
        // In one order, so that two transactions never wait for each other.
        let ordered = devices.sorted { $0.id.text < $1.id.text }
        let states: SQL = """
            INSERT INTO alerts.device_states (device_id, organization_id, position, is_watched, state)
            SELECT stored.* FROM unnest(
                \(ordered.map(\.id)), \(ordered.map(\.organizationID)),
                \(ordered.map { (checkpoints[$0.partition]?.position ?? $0.storedPosition).description }),
                \(ordered.map(\.isWatched)), \(try ordered.map { try JSONB(DeviceRecord($0)) })
            ) AS stored (device_id, organization_id, position, is_watched, state)
            WHERE NOT EXISTS (SELECT FROM alerts.devices WHERE id = stored.device_id AND is_deleted)
                AND NOT EXISTS (SELECT FROM alerts.removals WHERE organization_id = stored.organization_id)
            ON CONFLICT (device_id) DO UPDATE SET
                position = excluded.position, is_watched = excluded.is_watched, state = excluded.state
            """
        let counted = ordered.flatMap(\.counted)
        guard !counted.isEmpty else { return [states] }
        let counts: SQL = """
            UPDATE alerts.alerts SET
                count = count + more, last_value = counted.last_value,
                last_reading_time = counted.last_reading_time, version = version + 1
            FROM unnest(
                \(counted.map(\.id)), \(counted.map(\.counted)), \(counted.map { $0.lastReading?.value }),
                \(counted.map { $0.lastReading?.time })) AS counted (id, more, last_value, last_reading_time)
            WHERE alerts.id = counted.id AND \(Alert.isOpen)
            """
        return [states, counts]
    }
}

extension DeviceState {
    /// Its partition of the telemetry.
    var partition: Int { StreamName.telemetryPartition(of: id) }

    /// Those of its alerts of which something has been counted.
    fileprivate var counted: [StandingAlert] { standing.values.filter { $0.counted > 0 } }
}

/// Brings what evaluation found together with the alerts as they are stored.
struct AlertApplication {
    /// The rules that are still there.
    let rules: Set<UUID>
    /// The devices that are not.
    let deleted: Set<UUID>
    /// The alerts that stand.
    private(set) var standing: [RuleKey: Alert]
    private(set) var steps: [AlertStep] = []
    private(set) var statements: [SQL] = []

    init(rules: Set<UUID>, deleted: Set<UUID>, standing: [RuleKey: Alert]) {
        (self.rules, self.deleted, self.standing) = (rules, deleted, standing)
    }

    /// - Throws: ``StandingChanged``.
    mutating func apply(_ change: AlertChange) throws(StandingChanged) {
        switch change {
        case .begun where deleted.contains(change.key.deviceID): break
        // It has not begun there, in this turn or one before.
        case .ended(_, let key, _, _) where deleted.contains(key.deviceID) && standing[key] == nil: break
        case .begun(let alert, let plan):
            guard standing[alert.key] == nil, rules.contains(alert.ruleID) else { throw StandingChanged() }
            standing[alert.key] = alert
            statements.append(alert.insert)
            steps.append(
                AlertStep(
                    event: .triggered, alert: alert, channelIDs: plan.channelIDs, time: alert.triggeredAt, plan: plan))
        case .ended(let counted, let key, let time, let channels):
            guard var alert = standing.removeValue(forKey: key), alert.id == counted.id else {
                throw StandingChanged()
            }
            if let last = counted.lastReading { alert.count(last, times: counted.counted) }
            if let event = alert.clear(at: time) {
                steps.append(AlertStep(event: event, alert: alert, channelIDs: channels, time: time))
            }
            statements.append(alert.update)
        }
    }
}
