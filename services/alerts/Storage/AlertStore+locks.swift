import FoundationEssentials
import Logging
import Postgres

extension AlertStore {
    /// The open alerts of a rule, locked until the transaction ends.
    ///
    /// - Throws: `DecodingFailure`, ``StoredValueError`` of one that cannot be read: somebody waits to be told.
    func lockOpen(ofRule rule: UUID, in organization: UUID, _ transaction: Transaction) async throws -> [Alert] {
        try await lockOpen("rule_id = \(rule)", in: organization, transaction).map(Alert.init(row:))
    }

    /// The open alerts of a device, but those that cannot be read, locked until the transaction ends.
    func lockOpen(
        ofDevice device: UUID, in organization: UUID, _ logger: Logger, _ transaction: Transaction
    ) async throws -> [Alert] {
        try await lockOpen("device_id = \(device)", in: organization, transaction)
            .readable("alert", logger, Alert.init(row:))
    }

    /// The open alerts that are assigned to a user, but those that cannot be read, locked until the transaction ends.
    func lockOpen(
        ofAssignee user: UUID, in organization: UUID, _ logger: Logger, _ transaction: Transaction
    ) async throws -> [Alert] {
        try await lockOpen("assigned_to = \(user)", in: organization, transaction)
            .readable("alert", logger, Alert.init(row:))
    }

    private func lockOpen(_ condition: SQL, in organization: UUID, _ transaction: Transaction) async throws -> Rows {
        try await transaction.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts
            WHERE organization_id = \(organization) AND \(condition) AND \(Alert.isOpen) ORDER BY id FOR UPDATE
            """)
    }

    /// Up to `limit` alerts of all organizations whose severity is to rise now, locked until the transaction ends. Those
    /// that another instance or anybody else works at are passed over; those that cannot be read are put off, so that they
    /// are not all that is looked at.
    func lockOverdue(_ limit: Int, _ logger: Logger, _ transaction: Transaction) async throws -> [Alert] {
        let rows = try await transaction.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts
            WHERE raise_at <= now() AND status = 'active' AND severity <> 'critical'
            ORDER BY raise_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            """)
        let alerts = rows.readable("alert", logger, Alert.init(row:))
        guard alerts.count < rows.count else { return alerts }
        let unreadable = Set(try rows.map { try $0.decode(UUID.self, at: 0) }).subtracting(alerts.map(\.id))
        try await transaction.query(
            "UPDATE alerts.alerts SET raise_at = now() + interval '1 minute' WHERE id = ANY(\(Array(unreadable)))")
        return alerts
    }

    /// Keeps evaluation from the rule at the alert's sensor until the transaction ends: to be called before the alert is
    /// locked, in the order in which evaluation locks.
    ///
    /// - Returns: Whether the rule and the device are still there.
    func lockStanding(ofAlert id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Bool {
        let alert: SQL = "alerts.alerts WHERE organization_id = \(organization) AND id = \(id)"
        let results = try await transaction.batch([
            """
            SELECT 1 FROM alerts.rules
            WHERE organization_id = \(organization) AND id = (SELECT rule_id FROM \(alert)) FOR KEY SHARE
            """,
            """
            SELECT 1 FROM alerts.device_states WHERE device_id = (SELECT device_id FROM \(alert)) FOR UPDATE
            """,
        ])
        return results.allSatisfy { !$0.isEmpty }
    }

    /// Whether another alert stands for the same rule, device and sensor.
    func hasOther(standingFor alert: Alert, _ transaction: Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            """
            SELECT 1 FROM alerts.alerts
            WHERE rule_id = \(alert.ruleID) AND device_id = \(alert.deviceID) AND sensor_type = \(alert.sensorType)
                AND id <> \(alert.id) AND \(Alert.isStanding)
            """)
        return !rows.isEmpty
    }
}
