import FoundationEssentials
import Logging
import Postgres
import Redis

/// Where rules stand with devices, read for who holds their partitions. A state that cannot be read counts as none.
struct DeviceStateStore: Sendable {
    let database: PostgresClient
    let logger: Logger

    /// The devices of a partition of which something may come without a further reading.
    ///
    /// - Throws: `PostgresError`, `DecodingFailure`.
    func watched(in partition: Int) async throws -> [DeviceState] {
        let number = Int16(partition)
        // The state of each of them is read, too: what is in memory takes the place of what is stored.
        let ids: SQL = """
            SELECT device_id FROM alerts.device_states WHERE partition = \(number) AND is_watched
            UNION SELECT device_id FROM alerts.alerts WHERE partition = \(number) AND \(Alert.isStanding)
            UNION SELECT id FROM alerts.devices
            WHERE partition = \(number) AND status = 'offline' AND NOT is_deleted
            UNION SELECT id FROM alerts.devices
            WHERE partition = \(number) AND battery_level IS NOT NULL AND NOT is_deleted
            """
        return try await load(
            states: "device_id IN (\(ids))", alerts: "partition = \(number)", devices: "id IN (\(ids))")
    }

    /// Devices by their ids, each with its organization; one of which nothing is known is there, too.
    func devices(_ organizations: [UUID: UUID]) async throws -> [DeviceState] {
        let ids = Array(organizations.keys)
        let found = try await load(
            states: "device_id = ANY(\(ids))", alerts: "device_id = ANY(\(ids))", devices: "id = ANY(\(ids))")
        let known = Set(found.map(\.id))
        return found
            + organizations.filter { !known.contains($0.key) }.map { DeviceState(id: $0, organizationID: $1) }
    }

    /// The alerts that stand at devices of partitions, by what they are about.
    func standing(in partitions: [Int]) async throws -> [RuleKey: UUID] {
        let rows = try await database.query(
            """
            SELECT rule_id, device_id, sensor_type, id FROM alerts.alerts
            WHERE partition = ANY(\(partitions.map(Int16.init))) AND \(Alert.isStanding)
            """, as: .platform)
        return Dictionary(try rows.map(Self.standing)) { first, _ in first }
    }

    private func load(states: SQL, alerts: SQL, devices: SQL) async throws -> [DeviceState] {
        let results = try await database.batch(
            [
                """
                SELECT device_id, organization_id, position, state FROM alerts.device_states WHERE \(states)
                """,
                """
                SELECT rule_id, device_id, sensor_type, id, organization_id FROM alerts.alerts
                WHERE \(alerts) AND \(Alert.isStanding)
                """,
                "SELECT \(ProfileChange.columns) FROM alerts.devices WHERE \(devices)",
            ], as: .platform)
        guard results.count == 3 else { return [] }
        var organizations: [UUID: UUID] = [:]
        for row in results[0] {
            let (id, organization) = try row.decode(UUID.self, UUID.self)
            organizations[id] = organization
        }
        let stored = results[0].readable("device state", logger) { row in
            let position = StreamID(try row.decode(String.self, at: 2)) ?? .zero
            return (
                id: try row.decode(UUID.self, at: 0), position: position,
                record: try row.decode(JSONB.self, at: 3).decode(DeviceRecord.self)
            )
        }
        let records = Dictionary(uniqueKeysWithValues: stored.map { ($0.id, $0) })
        var standing: [UUID: [RuleKey: UUID]] = [:]
        for row in results[1] {
            let (key, id) = try Self.standing(row)
            organizations[key.deviceID] = try row.decode(at: 4)
            standing[key.deviceID, default: [:]][key] = id
        }
        let changes = try results[2].map(ProfileChange.init(row:))
        for change in changes {
            // Nothing comes of a device that is gone.
            organizations[change.deviceID] = change.profile == nil ? nil : change.organizationID
        }
        let profiles = Dictionary(uniqueKeysWithValues: changes.map { ($0.deviceID, $0.profile) })
        return organizations.map { id, organization in
            DeviceState(
                id, in: organization, records[id]?.record, through: records[id]?.position ?? .zero,
                profile: profiles[id] ?? nil, standing: standing[id] ?? [:])
        }
    }

    private static func standing(_ row: Row) throws -> (RuleKey, UUID) {
        let (rule, device, sensor) = try row.decode(UUID.self, UUID.self, String.self)
        return (RuleKey(ruleID: rule, deviceID: device, sensorType: sensor), try row.decode(at: 3))
    }
}
