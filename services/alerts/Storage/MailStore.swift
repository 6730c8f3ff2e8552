import FoundationEssentials
import Postgres

/// A member of an organization.
struct MemberKey: Sendable, Hashable {
    let organizationID: UUID
    let userID: UUID
}

/// Who may be mailed, and how much.
struct MailStore: Sendable {
    /// What is counted by the hour.
    enum Count {
        /// Letters to addresses that are not members' verified ones.
        case foreignLetters
        /// What the tests of channels send, to whomever.
        case tests
    }

    /// How many messages the tests of an organization's channels may send in an hour.
    static let testsPerHour = 200

    /// How many letters an organization may send in an hour to addresses that are not its members' verified ones.
    let perHour: Int

    /// The mailboxes of members; nothing for who is none.
    static func mailboxes(
        of members: some Collection<MemberKey>, _ transaction: Transaction
    ) async throws -> [MemberKey: MemberMailbox] {
        guard !members.isEmpty else { return [:] }
        let rows = try await transaction.query(
            """
            SELECT m.organization_id, m.user_id, CASE WHEN m.is_active AND m.is_email_verified THEN m.email END, p.email
            FROM alerts.members m LEFT JOIN alerts.preferences p USING (organization_id, user_id)
            WHERE m.removed_at IS NULL AND (m.organization_id, m.user_id) IN (
                SELECT * FROM unnest(\(members.map(\.organizationID)), \(members.map(\.userID))))
            """)
        let mailboxes = try rows.map { row in
            let key = MemberKey(organizationID: try row.decode(at: 0), userID: try row.decode(at: 1))
            // One whose hours this version cannot read is mailed as if there were none, and holds nobody up.
            let preferences = try row.decode(JSONB?.self, at: 3).flatMap { try? MailPreferences(stored: $0) }
            return (key, MemberMailbox(address: try row.decode(at: 2), preferences: preferences ?? MailPreferences()))
        }
        return Dictionary(uniqueKeysWithValues: mailboxes)
    }

    /// Which of the addresses are not verified ones of members of the organization.
    func foreign(
        _ addresses: [String], to organization: UUID, _ transaction: Transaction
    ) async throws -> Set<String> {
        guard !addresses.isEmpty else { return [] }
        let rows = try await transaction.query(
            """
            SELECT lower(email) FROM alerts.members
            WHERE organization_id = \(organization) AND lower(email) = ANY(\(addresses.map { $0.lowercased() }))
                AND is_email_verified AND is_active AND removed_at IS NULL
            """)
        let own: Set<String> = Set(try rows.map { try $0.decode(String.self) })
        return Set(addresses.filter { !own.contains($0.lowercased()) })
    }

    /// Counts up to `wanted` messages of an organization. The counts are locked until the transaction ends: who counts for
    /// several organizations does so by id.
    ///
    /// - Returns: How many of them may be sent now.
    func take(
        _ wanted: Int, _ count: Count, of organization: UUID, at now: Timestamp, _ transaction: Transaction
    ) async throws -> Int {
        guard wanted > 0 else { return 0 }
        let columns: (hour: SQL, count: SQL, limit: Int) =
            switch count {
            case .foreignLetters: ("hour", "count", perHour)
            case .tests: ("test_hour", "test_count", Self.testsPerHour)
            }
        let results = try await transaction.batch([
            """
            INSERT INTO alerts.mail_hours (organization_id, hour, count)
            VALUES (\(organization), \(MailAllowance.beginning(of: now)), 0) ON CONFLICT DO NOTHING
            """,
            """
            SELECT \(columns.hour), \(columns.count) FROM alerts.mail_hours
            WHERE organization_id = \(organization) FOR UPDATE
            """,
        ])
        guard let row = results.last?.first else { return 0 }
        var allowance = MailAllowance(hour: try row.decode(at: 0), count: try row.decode(at: 1))
        let granted = allowance.take(wanted, of: columns.limit, at: now)
        try await transaction.query(
            """
            UPDATE alerts.mail_hours SET \(columns.hour) = \(allowance.hour), \(columns.count) = \(allowance.count)
            WHERE organization_id = \(organization)
            """)
        return granted
    }
}
