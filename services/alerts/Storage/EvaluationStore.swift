import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis

/// How far a partition has been evaluated, and the number under which its holder may write that.
struct Checkpoint: Sendable, Hashable {
    var position: StreamID
    let epoch: Int
}

/// Another instance holds the partition by now.
struct PartitionLost: Error {}

/// Where evaluation stands: checkpoints, rule states and open alerts, read and written in one transaction per batch.
struct EvaluationStore: Sendable {
    let database: PostgresClient
    let outbox: Outbox

    /// Makes this instance the one that may write the checkpoints of the partitions, and returns them.
    func claim(_ partitions: [Int]) async throws -> [Int: Checkpoint] {
        let rows = try await database.query(
            """
            INSERT INTO alerts.checkpoints (partition)
            SELECT partition FROM unnest(\(partitions.map(Int32.init))) AS partition ORDER BY partition
            ON CONFLICT (partition) DO UPDATE SET epoch = checkpoints.epoch + 1, updated_at = now()
            RETURNING partition, position, epoch
            """, as: .platform)
        let checkpoints = try rows.map { row in
            let (partition, position, epoch) = try row.decode(Int32.self, String.self, Int.self)
            return (Int(partition), Checkpoint(position: StreamID(position) ?? .zero, epoch: epoch))
        }
        return Dictionary(uniqueKeysWithValues: checkpoints)
    }

    /// Stores how far the partitions have come; first in its transaction, so that no other holder works meanwhile.
    ///
    /// - Throws: ``PartitionLost`` when one of them is another's by now; then nothing may be committed.
    func advance(_ checkpoints: [Int: Checkpoint], _ transaction: Transaction) async throws {
        let ordered = checkpoints.sorted { $0.key < $1.key }
        let rows = try await transaction.query(
            """
            UPDATE alerts.checkpoints SET position = moved.position, updated_at = now()
            FROM unnest(
                \(ordered.map { Int32($0.key) }), \(ordered.map(\.value.epoch)),
                \(ordered.map(\.value.position.description))) AS moved (partition, epoch, position)
            WHERE checkpoints.partition = moved.partition AND checkpoints.epoch = moved.epoch
            """)
        guard rows.affectedRows == checkpoints.count else { throw PartitionLost() }
    }

    /// What rules with a scope ask of the devices.
    func attributes(of devices: [UUID], _ transaction: Transaction) async throws -> [UUID: DeviceAttributes] {
        let rows = try await transaction.query(
            "SELECT id, name, project_id, tags FROM alerts.devices WHERE id = ANY(\(devices)) AND NOT is_deleted")
        let pairs = try rows.map { row in
            let (id, name, project, tags) = try row.decode(UUID.self, String.self, UUID?.self, [String].self)
            return (id, DeviceAttributes(name: name, projectID: project, tags: tags))
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Where rules stand, locked until the transaction ends.
    struct Standing: Sendable {
        /// The rules that are still there.
        var rules: Set<UUID> = []
        var states: [RuleKey: RuleState] = [:]
        /// Also those dismissed whose condition has not cleared yet.
        var openAlerts: [RuleKey: Alert] = [:]
    }

    /// Where the rules stand with the sensors. A rule is locked before what belongs to it, here as where it is deleted.
    func standing(_ keys: [RuleKey], _ transaction: Transaction) async throws -> Standing {
        let (rules, devices, sensors) = (keys.map(\.ruleID), keys.map(\.deviceID), keys.map(\.sensorType))
        let wanted: SQL = "unnest(\(rules), \(devices), \(sensors)) AS wanted (rule_id, device_id, sensor_type)"
        let results = try await transaction.batch([
            "SELECT id FROM alerts.rules WHERE id = ANY(\(Array(Set(rules)))) ORDER BY id FOR KEY SHARE",
            """
            SELECT rule_id, device_id, sensor_type, last_reading, holding_since, last_triggered, state
            FROM \(wanted) JOIN alerts.rule_state USING (rule_id, device_id, sensor_type) FOR UPDATE OF rule_state
            """,
            """
            SELECT \(Alert.columns) FROM \(wanted) JOIN alerts.alerts USING (rule_id, device_id, sensor_type)
            WHERE \(Alert.isStanding) FOR UPDATE OF alerts
            """,
        ])
        guard results.count == 3 else { return Standing() }
        let alerts = try results[2].map { try Alert(row: $0) }
        return Standing(
            rules: Set(try results[0].map { try $0.decode(UUID.self) }),
            states: Dictionary(uniqueKeysWithValues: try results[1].map(Self.state)),
            openAlerts: Dictionary(uniqueKeysWithValues: alerts.map { ($0.key, $0) }))
    }

    private static func state(_ row: Row) throws -> (RuleKey, RuleState) {
        let (rule, device, sensor) = try row.decode(UUID.self, UUID.self, String.self)
        // What was stored before there were states of other kinds has three columns alone.
        let state =
            try row.decode(JSONB?.self, at: 6)?.decode()
            ?? RuleState(
                lastReading: try row.decode(at: 3), holdingSince: try row.decode(at: 4),
                lastTriggered: try row.decode(at: 5))
        return (RuleKey(ruleID: rule, deviceID: device, sensorType: sensor), state)
    }

    /// Stores what an evaluation changed.
    func store(_ changes: EvaluationChanges, _ transaction: Transaction) async throws {
        var statements = changes.changedAlerts.map(\.update) + changes.newAlerts.map(\.insert)
        for step in changes.steps { statements += try step.statements(outbox) }
        statements.append(try upsert(changes))
        try await transaction.batch(statements)
    }

    private func upsert(_ changes: EvaluationChanges) throws -> SQL {
        let states = Array(changes.states)
        return """
            INSERT INTO alerts.rule_state (
                rule_id, device_id, sensor_type, organization_id, last_reading, holding_since, last_triggered,
                state)
            SELECT * FROM unnest(
                \(states.map(\.key.ruleID)), \(states.map(\.key.deviceID)), \(states.map(\.key.sensorType)),
                \(states.map { changes.organizations[$0.key.ruleID] }), \(states.map(\.value.lastReading)),
                \(states.map(\.value.holdingSince)), \(states.map(\.value.lastTriggered)),
                \(try states.map { try JSONB($0.value) }))
            ON CONFLICT (rule_id, device_id, sensor_type) DO UPDATE SET
                last_reading = excluded.last_reading, holding_since = excluded.holding_since,
                last_triggered = excluded.last_triggered, state = excluded.state
            """
    }
}

extension Alert {
    /// What the alert is about.
    var key: RuleKey { RuleKey(ruleID: ruleID, deviceID: deviceID, sensorType: sensorType) }
}
