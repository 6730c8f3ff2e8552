import FoundationEssentials
import Postgres

/// What a device is told when it reports: what there is for it to fetch.
struct Agenda: Sendable, Equatable {
    let configVersion: Int
    let appliedConfigVersion: Int?
    let pendingCommands: Int
}

/// The state of devices, as signs of life make it.
struct StatusStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// What there is for some devices to fetch; nothing for one that is no more.
    func agendas(of devices: [UUID]) async throws -> [UUID: Agenda] {
        let rows = try await database.query(
            """
            SELECT config.device_id, config.version, config.applied_version,
                \(CommandQueue.pendingCount(of: "config.device_id", in: "config.organization_id"))
            FROM devices.configs AS config WHERE config.device_id = ANY(\(devices))
            """, as: .platform)
        var agendas: [UUID: Agenda] = [:]
        for row in rows {
            let (device, version, applied, pending) = try row.decode(UUID.self, Int.self, Int?.self, Int.self)
            agendas[device] = Agenda(configVersion: version, appliedConfigVersion: applied, pendingCommands: pending)
        }
        return agendas
    }

    /// Writes signs of life in one statement; those of devices that are no more are passed over.
    ///
    /// - Returns: The statuses that became other ones, and what others are told of batteries.
    func write(_ signs: [SignOfLife]) async throws -> (statuses: [StatusChange], batteries: [BatteryChange]) {
        // In one order, so that instances writing the same devices cannot wait for each other in a circle.
        let signs = signs.sorted { $0.deviceID.text < $1.deviceID.text }
        return try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.batch([Self.update(with: signs)] + BatterySample.keep(signs))
            let statuses = try rows[0].compactMap(Self.change(row:))
            let batteries = try rows[0].compactMap(Self.batteryChange(row:))
            try await transaction.batch(
                statuses.flatMap { try ledger.statusChanged($0, Cause(actor: .device($0.deviceID))) }
                    + batteries.map(ledger.batteryChanged))
            return (statuses, batteries)
        }
    }

    /// Marks up to `limit` devices offline that have missed three reading intervals, a minute at least.
    ///
    /// - Returns: The statuses that became other ones; none when another instance is at it.
    func markSilent(_ limit: Int) async throws -> [StatusChange] {
        try await database.withTransaction(as: .platform) { transaction in
            guard try await transaction.isFirst(to: "find silent devices") else { return [] }
            let rows = try await transaction.query(
                """
                WITH silent AS (
                    SELECT id, status FROM devices.devices
                    WHERE status IN ('online', 'error')
                        AND last_seen <= now() - make_interval(secs => greatest(60, 3 * reading_interval))
                    LIMIT \(limit) FOR UPDATE SKIP LOCKED)
                UPDATE devices.devices AS device
                SET status = 'offline', version = version + 1, last_updated = now()
                FROM silent WHERE device.id = silent.id
                RETURNING device.id, device.organization_id, silent.status, device.status, device.last_seen,
                    device.version
                """)
            let changes = try rows.compactMap(Self.change(row:))
            try await transaction.batch(changes.flatMap { try ledger.statusChanged($0, .system) })
            return changes
        }
    }

    /// `moves` carries ``DeviceStatus/after(_:)`` into the statement, so that the rule stands in one place.
    private static func update(with signs: [SignOfLife]) -> SQL {
        let moves = StatusMoves()
        return """
            WITH sign AS (
                SELECT * FROM unnest(\(signs.map(\.deviceID)), \(signs.map(\.time)), \(signs.map(\.event)),
                    \(signs.map(\.batteryLevel)), \(signs.map(\.wifiSignalStrength)), \(signs.map(\.firmwareVersion)),
                    \(signs.map(\.uptime)))
                    AS sign (id, heard_at, event, battery_level, wifi_signal_strength, firmware_version, uptime_s)
            ), move AS (
                SELECT * FROM unnest(\(moves.events), \(moves.before), \(moves.after)) AS move (event, before, after)
            ), known AS (
                SELECT device.id, device.status, (\(hasBatteryNews)) AS has_battery_news
                FROM devices.devices AS device JOIN sign USING (id)
                ORDER BY device.id FOR UPDATE OF device
            )
            UPDATE devices.devices AS device
            SET status = move.after,
                last_seen = greatest(device.last_seen, least(sign.heard_at, now())),
                battery_level = coalesce(sign.battery_level, device.battery_level),
                told_battery_level = CASE WHEN known.has_battery_news THEN sign.battery_level
                    ELSE device.told_battery_level END,
                battery_told_at = CASE WHEN known.has_battery_news THEN now() ELSE device.battery_told_at END,
                wifi_signal_strength = coalesce(sign.wifi_signal_strength, device.wifi_signal_strength),
                firmware_version = coalesce(sign.firmware_version, device.firmware_version),
                uptime_s = coalesce(sign.uptime_s, device.uptime_s),
                version = device.version + CASE WHEN move.before = move.after THEN 0 ELSE 1 END,
                last_updated = CASE WHEN move.before = move.after THEN device.last_updated ELSE now() END
            FROM known JOIN sign USING (id) JOIN move ON move.event = sign.event AND move.before = known.status
            WHERE device.id = known.id
            RETURNING device.id, device.organization_id, known.status, device.status, device.last_seen, device.version,
                CASE WHEN known.has_battery_news THEN device.battery_level END
            """
    }

    /// Whether others are to be told what `sign` says of the battery of `device`.
    ///
    /// They are when the level has reached, left or crossed a whole percent since they were told, for such are the bounds
    /// of rules, and five minutes have passed. A loss of five percent is told at once; a gain is not, so that a level that
    /// wavers is told at most twice in that time.
    private static let hasBatteryNews: SQL = """
        sign.battery_level IS NOT NULL
            AND (floor(sign.battery_level), ceil(sign.battery_level))
                IS DISTINCT FROM (floor(device.told_battery_level), ceil(device.told_battery_level))
            AND (device.told_battery_level IS NULL OR device.battery_told_at <= now() - interval '5 min'
                OR sign.battery_level <= device.told_battery_level - 5)
        """

    /// Nil where the status is what it was.
    private static func change(row: Row) throws -> StatusChange? {
        var columns = ColumnReader(row)
        let change = try StatusChange(
            deviceID: columns.next(), organizationID: columns.next(), previous: columns.nextCase(),
            status: columns.nextCase(), lastSeen: columns.next(), version: columns.next())
        return change.previous == change.status ? nil : change
    }

    /// Nil where others are not told of the battery.
    private static func batteryChange(row: Row) throws -> BatteryChange? {
        guard let level = try row.decode(Double?.self, at: 6) else { return nil }
        return BatteryChange(
            deviceID: try row.decode(at: 0), organizationID: try row.decode(at: 1), level: level,
            version: try row.decode(at: 5))
    }
}

extension SignOfLife {
    /// What `StatusMoves` calls the event.
    fileprivate var event: String { StatusMoves.name(of: status) }
}

/// What each sign of life does to each status, as three columns.
private struct StatusMoves {
    private(set) var events: [String] = []
    private(set) var before: [String] = []
    private(set) var after: [String] = []

    init() {
        for report in [nil] + DeviceStatus.Report.allCases {
            for status in DeviceStatus.allCases {
                events.append(Self.name(of: report))
                before.append(status.rawValue)
                after.append(status.after(report.map { .reported($0) } ?? .heard).rawValue)
            }
        }
    }

    static func name(of report: DeviceStatus.Report?) -> String {
        report?.rawValue ?? "heard"
    }
}
