import FoundationEssentials
import Kernel
import Postgres

/// What is to be done for bulk commands after they were given, or taken back: some devices at a time.
///
/// Each step is a transaction of its own that holds the bulk command's row, so any number of instances may take steps,
/// and what an instance that died had begun another one does.
struct BulkWork: Sendable {
    /// How many devices one step is for.
    static let batchSize = 100

    let database: PostgresClient
    let ledger: Ledger

    /// Takes a step for one of those that are under way, so that a large one does not hold up the others.
    ///
    /// - Returns: The devices that were given a command; nil when there is nothing to do that another instance is not at.
    func takeStep() async throws -> [UUID]? {
        try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.query(
                """
                SELECT \(BulkCommand.columns) FROM devices.bulk_commands WHERE status IN ('queueing', 'cancelling')
                ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED
                """)
            guard let bulk = try rows.first.map(BulkCommand.init(row:)) else { return nil }
            guard !bulk.status.isTakenBack else {
                try await cancelSome(of: bulk, transaction)
                return []
            }
            return try await queueSome(of: bulk, transaction)
        }
    }

    // MARK: Queueing

    private func queueSome(of bulk: BulkCommand, _ transaction: Transaction) async throws -> [UUID] {
        let devices = try await waiting(of: bulk, transaction)
        var queued: [UUID] = []
        if !devices.isEmpty {
            let candidates = try await candidates(among: devices, of: bulk, transaction)
            let outcomes = devices.map { ($0, bulk.outcome(for: candidates[$0])) }
            queued = outcomes.filter { $0.1 == .queued }.map(\.0)
            let rows = try await transaction.batch([Self.note(outcomes, of: bulk), Self.queue(queued, of: bulk)])
            let cause = Cause(actor: bulk.createdBy.map { .user($0) } ?? .system)
            let statements = try rows[1].map(Command.init(row:)).flatMap { try ledger.reached($0, cause) }
            if !statements.isEmpty { try await transaction.batch(statements) }
        }
        if devices.count < Self.batchSize { try await transaction.query(Self.settle(bulk)) }
        return queued
    }

    /// Those whose turn it is.
    private func waiting(of bulk: BulkCommand, _ transaction: Transaction) async throws -> [UUID] {
        try await transaction.query(
            """
            SELECT device_id FROM devices.bulk_targets
            WHERE organization_id = \(bulk.organizationID) AND bulk_id = \(bulk.id) AND outcome IS NULL
            ORDER BY device_id LIMIT \(Self.batchSize)
            """
        ).map { try $0.decode(UUID.self, at: 0) }
    }

    /// The devices that there are; none of them is deleted before the transaction ends.
    private func candidates(
        among devices: [UUID], of bulk: BulkCommand, _ transaction: Transaction
    ) async throws -> [UUID: BulkCommand.Candidate] {
        let rows = try await transaction.query(
            """
            SELECT device.id, device.device_type, \(CommandQueue.length(of: "device.id", in: bulk.organizationID))
            FROM devices.devices AS device
            WHERE device.organization_id = \(bulk.organizationID) AND device.id = ANY(\(devices))
            ORDER BY device.id FOR KEY SHARE OF device
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (id, type, waiting) = try row.decode(UUID.self, String.self, Int.self)
                return (id, BulkCommand.Candidate(deviceType: type, waiting: waiting))
            })
    }

    private static func note(_ outcomes: [(UUID, BulkCommand.Outcome)], of bulk: BulkCommand) -> SQL {
        """
        UPDATE devices.bulk_targets AS target SET outcome = noted.outcome
        FROM unnest(\(outcomes.map(\.0)), \(outcomes.map(\.1.rawValue))) AS noted (device_id, outcome)
        WHERE target.organization_id = \(bulk.organizationID) AND target.bulk_id = \(bulk.id)
            AND target.device_id = noted.device_id
        """
    }

    private static func queue(_ devices: [UUID], of bulk: BulkCommand) -> SQL {
        """
        INSERT INTO devices.commands (id, organization_id, device_id, command_type, parameters, priority, max_retries,
            scheduled_at, expires_at, created_by, bulk_id)
        SELECT new.id, bulk.organization_id, new.device_id, bulk.command_type, bulk.parameters, bulk.priority,
            bulk.max_retries, bulk.scheduled_at, bulk.expires_at, bulk.created_by, bulk.id
        FROM devices.bulk_commands AS bulk,
            unnest(\(devices.map { _ in UUID.v7() }), \(devices)) AS new (id, device_id)
        WHERE bulk.organization_id = \(bulk.organizationID) AND bulk.id = \(bulk.id)
        RETURNING \(Command.columns)
        """
    }

    // MARK: Taking back

    /// First what has not become commands, so that none is made any more; then the commands.
    private func cancelSome(of bulk: BulkCommand, _ transaction: Transaction) async throws {
        let devices = try await waiting(of: bulk, transaction)
        guard devices.isEmpty else {
            try await transaction.query(Self.note(devices.map { ($0, .cancelled) }, of: bulk))
            return
        }
        let rows = try await transaction.query(
            """
            UPDATE devices.commands
            SET status = 'cancelled', leased_until = NULL, completed_at = now(), version = version + 1,
                last_updated = now()
            WHERE id IN (
                SELECT id FROM devices.commands
                WHERE organization_id = \(bulk.organizationID) AND bulk_id = \(bulk.id)
                    AND status IN ('pending', 'sent')
                ORDER BY id LIMIT \(Self.batchSize) FOR UPDATE)
            RETURNING \(Command.columns)
            """)
        let cause = Cause(actor: bulk.cancelledBy.map { .user($0) } ?? .system)
        let commands = try rows.map(Command.init(row:))
        guard !commands.isEmpty else {
            try await transaction.query(Self.settle(bulk))
            return
        }
        try await transaction.batch(commands.flatMap { try ledger.reached($0, cause) })
    }

    private static func settle(_ bulk: BulkCommand) -> SQL {
        """
        UPDATE devices.bulk_commands
        SET status = \(bulk.status.settled.rawValue), version = version + 1, last_updated = now()
        WHERE organization_id = \(bulk.organizationID) AND id = \(bulk.id)
        """
    }
}
