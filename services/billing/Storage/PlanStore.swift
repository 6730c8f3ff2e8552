import Postgres

/// The plans that are offered; the same for everybody. Migrations make the first ones, operators write their own.
struct PlanStore: Sendable {
    let database: PostgresClient

    /// All that are not retired, the smallest first.
    func list() async throws -> [Plan] {
        let rows = try await database.query(
            "SELECT \(Plan.columns) FROM billing.plans WHERE retired_at IS NULL ORDER BY position, id")
        return try rows.map { try Plan(row: $0, at: 0) }
    }
}

extension Plan {
    /// What ``init(row:at:)`` reads, in its order.
    static let columns: SQL = """
        plans.id, plans.name, plans.description, plans.monthly_price, plans.yearly_price, plans.currency,
        plans.max_devices, plans.max_members, plans.max_readings_per_month, plans.max_readings_per_minute,
        plans.max_requests_per_second, plans.retention_days
        """

    /// Reads the columns from `first` on.
    ///
    /// - Throws: `DecodingFailure`.
    init(row: Row, at first: Int) throws {
        let currency: String = try row.decode(at: first + 5)
        self.init(
            id: try row.decode(at: first), name: try row.decode(at: first + 1),
            description: try row.decode(at: first + 2),
            monthlyPrice: Money(amount: try row.decode(at: first + 3), currency: currency),
            yearlyPrice: Money(amount: try row.decode(at: first + 4), currency: currency),
            limits: PlanLimits(
                devices: try row.decode(at: first + 6), members: try row.decode(at: first + 7),
                readingsPerMonth: try row.decode(at: first + 8), readingsPerMinute: try row.decode(at: first + 9),
                requestsPerSecond: try row.decode(at: first + 10), retentionDays: try row.decode(at: first + 11)))
    }
}
