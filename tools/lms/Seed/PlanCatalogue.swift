import FoundationEssentials
import Kernel
import LocalStack
import Postgres

/// The plans of an installation, in the schema of billing.
struct PlanCatalogue: Sendable {
    /// What ``replace(with:)`` has done.
    struct Outcome: Sendable, Hashable {
        let changes: [PlanChange]
        /// How many subscriptions have other limits now.
        let subscriptions: Int
    }

    /// The entity that the event log has for all plans together, which have no ids of its kind: the nil UUID (RFC 9562,
    /// section 5.9).
    private static let entityID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    let installation: Installation

    /// Those that are offered, the smallest first.
    ///
    /// - Throws: `PostgresError`, `LocalStackError`.
    func offered() async throws -> [Plan] {
        try await installation.withClient(as: .billing) { client in
            try await client.query("\(Self.selection) WHERE retired_at IS NULL ORDER BY position, id")
                .map { try PlanChange.Stored(row: $0).plan }
        }
    }

    /// Offers `plans`, in their order, and no others: those that are not among them are retired.
    ///
    /// Subscriptions keep their plan. Those whose limits have changed are marked, and billing tells of them.
    ///
    /// - Throws: `PostgresError`, `LocalStackError`.
    func replace(with plans: [Plan]) async throws -> Outcome {
        try await installation.withClient(as: .billing) { client in
            try await client.withTransaction(as: .platform) { try await Self.replace(with: plans, $0) }
        }
    }

    private static func replace(with plans: [Plan], _ transaction: Transaction) async throws -> Outcome {
        // Nobody subscribes meanwhile, since a foreign key waits for this lock: else a subscription could begin with the
        // limits as they were, and not be among those that are marked.
        let stored = try await transaction.query("\(selection) ORDER BY position, id FOR UPDATE")
            .map(PlanChange.Stored.init(row:))
        let changes = PlanChange.changes(from: stored, to: plans)
        let differing = changes.filter(\.changesLimits).map(\.id)
        try await transaction.batch(plans.enumerated().map { write($1, at: $0 + 1) })
        try await transaction.query(
            """
            UPDATE billing.plans SET retired_at = now()
            WHERE retired_at IS NULL AND NOT id = ANY(\(plans.map(\.id)))
            """)
        let marked = try await transaction.query(
            """
            UPDATE billing.subscriptions SET version = version + 1, last_updated = now()
            WHERE plan_id = ANY(\(differing))
            """)
        let audited = changes.filter { $0.kind != .unchanged }
        if !audited.isEmpty {
            let entry = AuditEntry(
                type: "plans.changed", entityID: entityID, organizationID: nil,
                actor: try JSONB(["type": "operator"]), data: try JSONB(["plans": audited]))
            try await transaction.query(entry.insert)
        }
        return Outcome(changes: changes, subscriptions: marked.affectedRows)
    }

    private static func write(_ plan: Plan, at position: Int) -> SQL {
        let limits = plan.limits
        return """
            INSERT INTO billing.plans (
                id, name, description, monthly_price, yearly_price, currency, max_devices, max_members,
                max_readings_per_month, max_readings_per_minute, max_requests_per_second, retention_days, position)
            VALUES (
                \(plan.id), \(plan.name), \(plan.description), \(plan.monthlyPrice), \(plan.yearlyPrice),
                \(plan.currency), \(limits.devices), \(limits.members), \(limits.readingsPerMonth),
                \(limits.readingsPerMinute), \(limits.requestsPerSecond), \(limits.retentionDays), \(position))
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, description = excluded.description, monthly_price = excluded.monthly_price,
                yearly_price = excluded.yearly_price, currency = excluded.currency,
                max_devices = excluded.max_devices, max_members = excluded.max_members,
                max_readings_per_month = excluded.max_readings_per_month,
                max_readings_per_minute = excluded.max_readings_per_minute,
                max_requests_per_second = excluded.max_requests_per_second,
                retention_days = excluded.retention_days, position = excluded.position, retired_at = NULL
            """
    }

    private static let selection: SQL = """
        SELECT id, name, description, monthly_price, yearly_price, currency, max_devices, max_members,
            max_readings_per_month, max_readings_per_minute, max_requests_per_second, retention_days,
            retired_at IS NOT NULL
        FROM billing.plans
        """
}

extension PlanChange.Stored {
    fileprivate init(row: Row) throws {
        plan = Plan(
            id: try row.decode(at: 0), name: try row.decode(at: 1), description: try row.decode(at: 2),
            currency: try row.decode(at: 5), monthlyPrice: try row.decode(at: 3), yearlyPrice: try row.decode(at: 4),
            limits: Plan.Limits(
                devices: try row.decode(at: 6), members: try row.decode(at: 7),
                readingsPerMonth: try row.decode(at: 8), readingsPerMinute: try row.decode(at: 9),
                requestsPerSecond: try row.decode(at: 10), retentionDays: try row.decode(at: 11)))
        isRetired = try row.decode(at: 12)
    }
}
