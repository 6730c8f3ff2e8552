import FoundationEssentials
import Postgres

/// For how long the readings of devices are kept.
struct RetentionStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// - Throws: `PostgresError`.
    func find(_ device: UUID, in organization: UUID) async throws -> Retention {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            try await read(device, organization, "", transaction)
        }
    }

    /// Sets the days of a device; nil leaves it to the plan.
    ///
    /// - Throws: ``RetentionExceedsPlan``, `PostgresError`.
    func set(_ days: Int?, of device: UUID, in organization: UUID, by user: UUID) async throws -> Retention {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let before = try await read(device, organization, "FOR UPDATE", transaction)
            let after = try before.setting(days)
            try await transaction.batch(
                [days.map { upsert($0, device, organization) } ?? delete(device, organization)]
                    + ledger.updated(before, after, of: device, in: organization, by: user))
            return after
        }
    }

    private func read(
        _ device: UUID, _ organization: UUID, _ lock: SQL, _ transaction: Transaction
    ) async throws -> Retention {
        let rows = try await transaction.batch([
            """
            SELECT days FROM readings.retentions WHERE organization_id = \(organization) AND device_id = \(device)
            \(lock)
            """,
            """
            SELECT readings.kept_days(l), readings.pending_days(l), readings.kept_days_from(l)
            FROM readings.limits AS l WHERE organization_id = \(organization)
            """,
        ])
        let days = try rows[0].first?.decode(Int.self)
        guard let plan = rows[1].first else { return Retention(days: days, planDays: nil, pending: nil) }
        let (planDays, pendingDays, start) = try plan.decode(Int?.self, Int?.self, Timestamp?.self)
        let pending: Retention.Pending? =
            if let pendingDays, let start { Retention.Pending(planDays: pendingDays, start: start) } else { nil }
        return Retention(days: days, planDays: planDays, pending: pending)
    }

    private func upsert(_ days: Int, _ device: UUID, _ organization: UUID) -> SQL {
        """
        INSERT INTO readings.retentions (organization_id, device_id, days)
        VALUES (\(organization), \(device), \(days))
        ON CONFLICT (organization_id, device_id) DO UPDATE SET days = excluded.days
        """
    }

    private func delete(_ device: UUID, _ organization: UUID) -> SQL {
        "DELETE FROM readings.retentions WHERE organization_id = \(organization) AND device_id = \(device)"
    }
}
