import FoundationEssentials
import Postgres

extension BatterySample {
    /// Keeps the first level that a device tells in an hour, in the place of that of two days before. In the rest of the
    /// hour nothing is written, nor locked.
    ///
    /// - Returns: A statement, unless no sign tells a level.
    static func keep(_ signs: [SignOfLife]) -> [SQL] {
        let signs = signs.filter { $0.batteryLevel != nil }
        guard !signs.isEmpty else { return [] }
        return [
            """
            INSERT INTO devices.battery_samples AS sample (organization_id, device_id, slot, time, battery_level)
            SELECT device.organization_id, device.id, told.slot, told.time, told.battery_level
            FROM (
                SELECT id, least(heard_at, now()) AS time, battery_level,
                    (floor(extract(epoch FROM least(heard_at, now())) / 3600)::bigint % \(slots))::smallint AS slot
                FROM unnest(\(signs.map(\.deviceID)), \(signs.map(\.time)), \(signs.map(\.batteryLevel)))
                    AS sign (id, heard_at, battery_level)
            ) AS told JOIN devices.devices AS device USING (id)
            WHERE NOT EXISTS (
                SELECT FROM devices.battery_samples AS kept
                WHERE kept.organization_id = device.organization_id AND kept.device_id = device.id
                    AND kept.slot = told.slot AND kept.time > told.time - interval '1 hour')
            ORDER BY device.id
            ON CONFLICT (organization_id, device_id, slot) DO UPDATE
            SET time = excluded.time, battery_level = excluded.battery_level
            WHERE sample.time <= excluded.time - interval '1 hour'
            """
        ]
    }

    /// The levels of the last two days, the oldest first.
    static func recent(of device: UUID, in organization: UUID, at now: Timestamp) -> SQL {
        """
        SELECT time, battery_level FROM devices.battery_samples
        WHERE organization_id = \(organization) AND device_id = \(device)
            AND time > \(now.adding(.seconds(-3600 * slots)))
        ORDER BY time
        """
    }

    init(row: Row) throws {
        (time, level) = try row.decode(Timestamp.self, Double.self)
    }

    /// As many hours are kept.
    private static let slots = 48
}
