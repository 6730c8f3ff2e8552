import FoundationEssentials
import HTTPKit
import Kernel
import Logging
import Postgres

/// The maintenance windows of organizations.
struct MaintenanceWindowStore: Sendable {
    let database: PostgresClient
    let logger: Logger

    /// A page of an organization's windows, by id, also those that have ended.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [MaintenanceWindow] {
        let rows = try await database.query(
            """
            SELECT \(MaintenanceWindow.columns) FROM alerts.maintenance_windows
            WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(MaintenanceWindow.init(row:))
    }

    func find(_ id: UUID, in organization: UUID) async throws -> MaintenanceWindow? {
        let rows = try await database.query(
            """
            SELECT \(MaintenanceWindow.columns) FROM alerts.maintenance_windows
            WHERE organization_id = \(organization) AND id = \(id)
            """, as: .organization(organization))
        return try rows.first.map(MaintenanceWindow.init(row:))
    }

    /// The windows of several organizations that are in force at `time` or may be later: all but those that have ended,
    /// as far as they can be read.
    func active(in organizations: [UUID], at time: Timestamp) async throws -> [UUID: MaintenanceCalendar] {
        let rows = try await database.query(
            """
            SELECT \(MaintenanceWindow.columns) FROM alerts.maintenance_windows
            WHERE organization_id = ANY(\(organizations)) AND \(Self.isActive(at: time)) ORDER BY id
            """, as: .platform)
        return Dictionary(
            grouping: rows.readable("maintenance window", logger, MaintenanceWindow.init(row:)), by: \.organizationID
        ).mapValues(MaintenanceCalendar.init)
    }

    /// How many windows of the organization have not ended.
    func countActive(in organization: UUID, at time: Timestamp, _ transaction: Transaction) async throws -> Int {
        let rows = try await transaction.query(
            """
            SELECT count(*) FROM alerts.maintenance_windows
            WHERE organization_id = \(organization) AND \(Self.isActive(at: time))
            """)
        return try rows.only { try $0.decode(Int.self, at: 0) }
    }

    private static func isActive(at time: Timestamp) -> SQL {
        "(ends_at > \(time) OR ends_at IS NULL)"
    }

    func insert(
        _ window: MaintenanceWindow.Definition, in organization: UUID, _ transaction: Transaction
    ) async throws -> MaintenanceWindow {
        let (start, end, recurring) = try window.period.columns
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.maintenance_windows (
                id, organization_id, name, notes, scope, starts_at, ends_at, recurring, time_zone)
            VALUES (
                \(UUID.v7()), \(organization), \(window.name), \(window.notes),
                \(try JSONB(RuleScopeDocument(window.scope))), \(start), \(end), \(recurring),
                \(window.zoneName))
            RETURNING \(MaintenanceWindow.columns)
            """)
        return try rows.only(MaintenanceWindow.init(row:))
    }

    /// The window, locked until the transaction ends.
    func lock(
        _ id: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> MaintenanceWindow? {
        let rows = try await transaction.query(
            """
            SELECT \(MaintenanceWindow.columns) FROM alerts.maintenance_windows
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(MaintenanceWindow.init(row:))
    }

    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.query(
            "DELETE FROM alerts.maintenance_windows WHERE organization_id = \(organization) AND id = \(id)")
    }
}

extension MaintenanceWindow {
    /// What ``init(row:)`` reads, in its order.
    fileprivate static let columns: SQL = """
        id, organization_id, name, notes, scope, starts_at, ends_at, recurring, version, created_at, time_zone
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    fileprivate init(row: Row) throws {
        guard let scope = try row.decode(JSONB.self, at: 4).decode(RuleScopeDocument.self).scope else {
            throw StoredValueError.unknown("scope")
        }
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1),
            definition: Definition(
                name: try row.decode(at: 2), notes: try row.decode(at: 3), scope: scope,
                period: try Period(row: row, at: 5), zoneName: try row.decode(at: 10)),
            version: try row.decode(at: 8), createdAt: try row.decode(at: 9))
    }
}

extension MaintenanceWindow.Period {
    /// `starts_at, ends_at, recurring`.
    fileprivate var columns: (Timestamp?, Timestamp?, JSONB?) {
        get throws {
            switch self {
            case .once(let start, let end): (start, end, nil)
            case .recurring(let hours): (nil, nil, try JSONB(RuleScheduleDocument(hours)))
            }
        }
    }

    fileprivate init(row: Row, at column: Int) throws {
        if let recurring = try row.decode(JSONB?.self, at: column + 2) {
            guard let hours = try recurring.decode(RuleScheduleDocument.self).schedule else {
                throw StoredValueError.unknown("recurring")
            }
            self = .recurring(hours)
        } else {
            self = .once(from: try row.decode(at: column), to: try row.decode(at: column + 1))
        }
    }
}
