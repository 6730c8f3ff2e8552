import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The commands, given and taken back by people, reported on by devices.
struct CommandStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger
    let devices: DeviceStore

    // MARK: Reading

    /// - Parameter device: The one whose command it must be; nil for any.
    /// - Throws: ``CommandError/notFound``.
    func find(_ id: UUID, of device: UUID? = nil, in organization: UUID) async throws -> Command {
        let ofDevice: SQL = device.map { " AND device_id = \($0)" } ?? ""
        let rows = try await database.query(
            """
            SELECT \(Command.columns) FROM devices.commands
            WHERE organization_id = \(organization) AND id = \(id)\(ofDevice)
            """, as: .organization(organization))
        guard let row = rows.first else { throw CommandError.notFound }
        return try Command(row: row)
    }

    /// A page of the organization's commands, by id.
    func list(
        _ filter: CommandFilter, in organization: UUID, _ page: PageRequest<UUID>
    ) async throws -> [Command] {
        try await database.query(
            """
            SELECT \(Command.columns) FROM devices.commands
            WHERE organization_id = \(organization)\(filter.conditions(in: organization))
            \(page.keyset())
            """, as: .organization(organization)
        ).map(Command.init(row:))
    }

    // MARK: Writing

    /// Queues a command.
    ///
    /// - Throws: ``DeviceError/notFound``, ``CommandError/queueFull``.
    func queue(
        _ order: CommandOrder, for device: UUID, in organization: UUID, by user: UUID?, _ cause: Cause,
        _ transaction: Transaction
    ) async throws -> Command {
        let parameters = try JSONB(order.parameters)
        let rows = try await transaction.batch([
            "SELECT \(CommandQueue.length(of: "\(device)", in: organization))",
            """
            INSERT INTO devices.commands (id, organization_id, device_id, command_type, parameters, priority,
                max_retries, scheduled_at, expires_at, created_by)
            SELECT \(UUID.v7()), organization_id, id, \(order.type), \(parameters), \(order.priority.rank),
                \(order.maxRetries), \(order.scheduledAt), \(order.expiresAt), \(user)
            FROM devices.devices WHERE organization_id = \(organization) AND id = \(device)
            RETURNING \(Command.columns)
            """,
        ])
        if let waiting = try rows[0].first?.decode(Int.self), waiting >= CommandQueue.capacity {
            throw CommandError.queueFull
        }
        guard let row = rows[1].first else { throw DeviceError.notFound }
        let command = try Command(row: row)
        try await transaction.batch(ledger.reached(command, cause))
        return command
    }

    /// Does to a command what the device or a person says.
    ///
    /// - Parameter device: The one whose command it must be; nil for any.
    /// - Throws: ``CommandError``.
    func apply(
        _ report: CommandReport, to id: UUID, of device: UUID? = nil, in organization: UUID, _ cause: Cause
    ) async throws -> Command {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let ofDevice: SQL = device.map { " AND device_id = \($0)" } ?? ""
            let rows = try await transaction.query(
                """
                SELECT \(Command.columns) FROM devices.commands
                WHERE organization_id = \(organization) AND id = \(id)\(ofDevice) FOR UPDATE
                """)
            guard let row = rows.first else { throw CommandError.notFound }
            let command = try Command(row: row)
            switch command.status.after(report.event) {
            case .unchanged: return command
            case .refused: throw CommandError.refused(command.status)
            case .becomes(let status):
                let rows = try await transaction.query(try Self.update(command, to: status, report))
                guard let row = rows.first else { throw CommandError.notFound }
                let changed = try Command(row: row)
                try await transaction.batch(ledger.reached(changed, cause))
                try await keepConfirmed(changed, cause, transaction)
                return changed
            }
        }
    }

    /// The registry follows what the device says it now does.
    private func keepConfirmed(_ command: Command, _ cause: Cause, _ transaction: Transaction) async throws {
        guard let interval = command.confirmedReadingInterval else { return }
        try await devices.update(command.deviceID, in: command.organizationID, cause, transaction) { device in
            var profile = device.profile
            profile.readingInterval = interval
            return (profile, device.status)
        }
    }

    private static func update(_ command: Command, to status: CommandStatus, _ report: CommandReport) throws -> SQL {
        let result = try report.result.map(JSONB.init)
        return """
            UPDATE devices.commands
            SET status = \(status.rawValue), result = \(result), error = \(report.error), leased_until = NULL,
                acknowledged_at = CASE WHEN \(status == .acknowledged) THEN now() ELSE acknowledged_at END,
                completed_at = CASE WHEN \(status.isFinal) THEN now() END,
                version = version + 1, last_updated = now()
            WHERE organization_id = \(command.organizationID) AND id = \(command.id)
            RETURNING \(Command.columns)
            """
    }
}

/// Which commands a list shows; a filter with several values takes any of them.
struct CommandFilter: Sendable {
    var devices: [UUID] = []
    var statuses: [CommandStatus] = []
    var types: [String] = []
    /// The bulk commands that they were made of.
    var bulks: [UUID] = []
    var visibility = DeviceVisibility.all

    /// `AND …` for each.
    func conditions(in organization: UUID) -> SQL {
        var conditions: SQL = ""
        if !devices.isEmpty { conditions = conditions + " AND \(.isOne(of: devices, "device_id"))" }
        if !statuses.isEmpty { conditions = conditions + " AND \(.isOne(of: statuses.map(\.rawValue), "status"))" }
        if !types.isEmpty { conditions = conditions + " AND \(.isOne(of: types, "command_type"))" }
        if !bulks.isEmpty { conditions = conditions + " AND \(.isOne(of: bulks, "bulk_id"))" }
        if case .only(let devices, let projects) = visibility {
            conditions =
                conditions + """
                     AND device_id IN (
                        SELECT id FROM devices.devices
                        WHERE organization_id = \(organization)
                            AND (id = ANY(\(devices)) OR project_id = ANY(\(projects))))
                    """
        }
        return conditions
    }
}
