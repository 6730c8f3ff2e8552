import FoundationEssentials
import HTTPKit
import Postgres

/// What members want to be told, each in each of their organizations.
struct PreferenceStore: Sendable {
    let database: PostgresClient

    /// A member's preferences and their version, which is 0 for the defaults.
    func find(_ user: UUID, in organization: UUID) async throws -> (preferences: MailPreferences, version: Int) {
        let rows = try await database.query(
            """
            SELECT email, version FROM alerts.preferences
            WHERE organization_id = \(organization) AND user_id = \(user)
            """, as: .organization(organization))
        guard let row = rows.first else { return (MailPreferences(), 0) }
        return (try MailPreferences(stored: row.decode(at: 0)), try row.decode(at: 1))
    }

    /// The version of a member's preferences, which are locked until the transaction ends, also where there are none yet.
    func lock(_ user: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Int {
        let results = try await transaction.batch([
            """
            INSERT INTO alerts.preferences (organization_id, user_id, email, version)
            VALUES (\(organization), \(user), \(try JSONB(MailPreferencesDocument(MailPreferences()))), 0)
            ON CONFLICT DO NOTHING
            """,
            """
            SELECT version FROM alerts.preferences
            WHERE organization_id = \(organization) AND user_id = \(user) FOR UPDATE
            """,
        ])
        return try results[1].only { try $0.decode(Int.self) }
    }

    /// - Returns: The new version.
    func update(
        _ user: UUID, to preferences: MailPreferences, in organization: UUID, _ transaction: Transaction
    ) async throws -> Int {
        let rows = try await transaction.query(
            """
            UPDATE alerts.preferences SET
                email = \(try JSONB(MailPreferencesDocument(preferences))), version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND user_id = \(user) RETURNING version
            """)
        return try rows.only { try $0.decode(Int.self) }
    }
}

extension MailPreferences {
    /// - Throws: `DecodingError`, ``StoredValueError``.
    init(stored json: JSONB) throws {
        let document = try json.decode(MailPreferencesDocument.self)
        let quietHours = document.quietHours?.schedule
        if document.quietHours != nil, quietHours == nil { throw StoredValueError.unknown("quiet_hours") }
        self.init(
            isEnabled: document.enabled, minimumSeverity: document.minimumSeverity, quietHours: quietHours,
            exceptCritical: document.exceptCritical)
    }
}
