import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// Who subscribes to which plan.
struct SubscriptionStore: Sendable {
    /// How many are told of in one transaction.
    static let mostTold = 500

    let database: PostgresClient
    let outbox: Outbox

    func find(_ organization: UUID) async throws -> Subscription? {
        let rows = try await database.query(Self.select(organization), as: .organization(organization))
        return try rows.first.map(Subscription.init(row:))
    }

    /// The organization's subscription, made when the event that makes it is still on its way.
    ///
    /// - Returns: Nil for an organization that has been deleted.
    func findOrMake(_ organization: UUID) async throws -> Subscription? {
        if let subscription = try await find(organization) { return subscription }
        try await database.withTransaction(as: .organization(organization)) { transaction in
            try await transaction.query(
                """
                INSERT INTO billing.organizations (organization_id, name, version) VALUES (\(organization), '', 0)
                ON CONFLICT DO NOTHING
                """)
            try await makeInitial(organization, transaction)
        }
        outbox.wake()
        return try await find(organization)
    }

    /// Subscribes an organization that is known, not deleted and has no subscription to the initial plan, and tells
    /// of its limits.
    func makeInitial(_ organization: UUID, _ transaction: Transaction) async throws {
        let inserted = try await transaction.query(
            """
            INSERT INTO billing.subscriptions (
                id, organization_id, plan_id, status, billing_period, version, told_version)
            SELECT \(UUID.v7()), organization_id, \(Plan.initialID), 'active', 'monthly', 1, 1
            FROM billing.organizations
            WHERE organization_id = \(organization) AND NOT is_deleted
            ON CONFLICT (organization_id) DO NOTHING
            """)
        guard inserted.affectedRows == 1,
            let row = try await transaction.query(Self.select(organization)).first
        else { return }
        try await transaction.query(outbox.append(try limitsChanged(Subscription(row: row))))
    }

    /// Tells of the limits of subscriptions whose version has grown since they were last told, as that of a plan's
    /// subscribers does when operators change the plan; of ``mostTold`` at most.
    ///
    /// - Returns: Of how many.
    func tellChanges() async throws -> Int {
        let count = try await database.withTransaction(as: .platform) { transaction in
            let changed = try await take("told_version", transaction)
            guard !changed.isEmpty else { return 0 }
            try await transaction.batch(try changed.map { outbox.append(try limitsChanged($0)) })
            return changed.count
        }
        if count > 0 { outbox.wake() }
        return count
    }

    /// Writes the rates of subscriptions whose version has grown since theirs was last written; of ``mostTold`` at most.
    ///
    /// They stay locked meanwhile, so that nobody writes one that is older over it.
    ///
    /// - Returns: Of how many.
    func showChanges(to rates: RequestRates) async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            let changed = try await take("shown_version", transaction)
            try await rates.write(changed)
            return changed.count
        }
    }

    /// Writes the rates of ``mostTold`` subscriptions behind that of `organization`, but for those that are being changed
    /// and follow.
    ///
    /// - Returns: The last organization; nil when there is none.
    func showAll(after organization: UUID?, to rates: RequestRates) async throws -> UUID? {
        try await database.withTransaction(as: .platform) { transaction in
            let isFurther: SQL = organization.map { "organization_id > \($0)" } ?? "true"
            let locked = try await transaction.query(
                """
                SELECT organization_id FROM billing.subscriptions WHERE \(isFurther)
                ORDER BY organization_id LIMIT \(Self.mostTold) FOR SHARE SKIP LOCKED
                """
            ).map { try $0.decode(UUID.self) }
            try await rates.write(subscriptions(of: locked, transaction))
            return locked.last
        }
    }

    /// Locks subscriptions whose `mark` is behind their version, ``mostTold`` at most, and brings it up to that.
    private func take(_ mark: SQL, _ transaction: Transaction) async throws -> [Subscription] {
        let locked = try await transaction.query(
            """
            UPDATE billing.subscriptions SET \(mark) = version WHERE id IN (
                SELECT id FROM billing.subscriptions WHERE \(mark) < version
                ORDER BY id LIMIT \(Self.mostTold) FOR UPDATE SKIP LOCKED)
            RETURNING organization_id
            """
        ).map { try $0.decode(UUID.self) }
        return try await subscriptions(of: locked, transaction)
    }

    /// Those of organizations whose rows were locked, by a statement of its own: one that began before could see a plan as it
    /// was before.
    private func subscriptions(of locked: [UUID], _ transaction: Transaction) async throws -> [Subscription] {
        guard !locked.isEmpty else { return [] }
        return try await transaction.query("\(Self.selection) WHERE subscriptions.organization_id = ANY(\(locked))")
            .map(Subscription.init(row:))
    }

    /// The limits of all organizations, by their ids, as the events that tell of them: for services that may have missed
    /// some.
    func snapshot(after organization: UUID?) async throws -> SnapshotPage {
        let isFurther: SQL = organization.map { "subscriptions.organization_id > \($0)" } ?? "true"
        let rows = try await database.query(
            """
            \(Self.selection) WHERE \(isFurther)
            ORDER BY subscriptions.organization_id LIMIT \(SnapshotPage.size)
            """, as: .platform)
        return SnapshotPage(
            try rows.map(Subscription.init(row:)).map { ($0.organizationID.text, try limitsChanged($0)) })
    }

    private func limitsChanged(_ subscription: Subscription) throws -> Event {
        try Event(
            source: .billing, type: "limits.changed", subject: subscription.organizationID.text,
            subjectVersion: subscription.version, organizationID: subscription.organizationID,
            data: LimitsChangedData(subscription))
    }

    private static func select(_ organization: UUID) -> SQL {
        "\(selection) WHERE subscriptions.organization_id = \(organization)"
    }

    private static let selection: SQL = """
        SELECT subscriptions.id, subscriptions.organization_id, subscriptions.status, subscriptions.billing_period,
            subscriptions.version, subscriptions.created_at, subscriptions.last_updated, \(Plan.columns)
        FROM billing.subscriptions JOIN billing.plans ON plans.id = subscriptions.plan_id
        """
}

extension Subscription {
    fileprivate init(row: Row) throws {
        let (id, organization, status, period) = try row.decode(UUID.self, UUID.self, String.self, String.self)
        guard let status = Status(rawValue: status), let period = BillingPeriod(rawValue: period) else {
            throw UnknownStoredValue(text: "\(status), \(period)")
        }
        self.init(
            id: id, organizationID: organization, plan: try Plan(row: row, at: 7), status: status,
            billingPeriod: period, version: try row.decode(at: 4), createdAt: try row.decode(at: 5),
            lastUpdated: try row.decode(at: 6))
    }
}

/// A stored value that this version does not know.
struct UnknownStoredValue: Error {
    let text: String
}
