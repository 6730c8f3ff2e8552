import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// What those who run the platform see of all of it, and do to accounts.
struct AdministrationStore: Sendable {
    /// A user and how many organizations they belong to.
    struct Account: Sendable {
        let user: User
        let organizations: Int
    }

    struct Organization: Sendable {
        let id: UUID
        let name: String
        let members: Int
        let createdAt: Timestamp
    }

    /// What there is on the platform.
    struct Totals: Sendable {
        let users: Int
        let activeUsers: Int
        let superusers: Int
        let sessions: Int
        let organizations: Int
        let projects: Int
        let devices: Int
    }

    let database: PostgresClient
    let outbox: Outbox

    // MARK: Reading

    /// A page of users, by id.
    ///
    /// - Parameters:
    ///   - text: A part of the name or address, in any case.
    ///   - isActive: Nil for both.
    func accounts(text: String?, isActive: Bool?, _ page: PageRequest<UUID>) async throws -> [Account] {
        let contains: SQL = text.map { "strpos(lower(u.name || ' ' || u.email), lower(\($0))) > 0" } ?? "true"
        let isAsActive: SQL = isActive.map { "u.is_active = \($0)" } ?? "true"
        return try await database.query(
            """
            SELECT \(UserStore.columns), (SELECT count(*) FROM auth.memberships m WHERE m.user_id = u.id)
            FROM auth.users u WHERE \(contains) AND \(isAsActive) \(page.keyset(by: "u.id"))
            """, as: .platform
        ).map { try Account(user: User($0), organizations: $0.decode(at: User.columnCount)) }
    }

    /// A page of organizations, by id.
    ///
    /// - Parameter text: A part of the name, in any case.
    func organizations(text: String?, _ page: PageRequest<UUID>) async throws -> [Organization] {
        let contains: SQL = text.map { "strpos(lower(e.name), lower(\($0))) > 0" } ?? "true"
        return try await database.query(
            """
            SELECT e.id, e.name, (SELECT count(*) FROM auth.memberships m WHERE m.organization_id = e.id), e.created_at
            FROM core.entities e
            WHERE e.entity_type = 'organization' AND \(contains) \(page.keyset(by: "e.id"))
            """, as: .platform
        ).map { row in
            let (id, name, members, createdAt) = try row.decode(UUID.self, String.self, Int.self, Timestamp.self)
            return Organization(id: id, name: name, members: members, createdAt: createdAt)
        }
    }

    func totals() async throws -> Totals {
        let rows = try await database.query(
            """
            SELECT
                (SELECT count(*) FROM auth.users), (SELECT count(*) FROM auth.users WHERE is_active),
                (SELECT count(*) FROM auth.users WHERE is_superuser),
                (SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL AND expires_at > now()),
                count(*) FILTER (WHERE entity_type = 'organization'),
                count(*) FILTER (WHERE entity_type = 'project'),
                count(*) FILTER (WHERE entity_type LIKE 'device.%')
            FROM core.entities
            """, as: .platform)
        guard let row = rows.first else { throw DecodingFailure.noSuchColumn(0) }
        let (users, active, superusers, sessions, organizations, projects, devices) = try row.decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        return Totals(
            users: users, activeUsers: active, superusers: superusers, sessions: sessions,
            organizations: organizations, projects: projects, devices: devices)
    }

    // MARK: Changing an account

    /// Sets whether a user may sign in and whether they administer the platform; what was issued to them before is
    /// void. After it the revocation is to be announced.
    ///
    /// - Returns: The user as it is now, and the revocation, where anything changed; nil when there is no such user.
    func change(
        _ id: UUID, isActive: Bool?, isSuperuser: Bool?, ifVersions versions: Set<Int>?, by actor: UUID
    ) async throws -> (user: User, revocation: Revocation?)? {
        let result = try await database.withTransaction(as: .platform) {
            transaction -> (user: User, revocation: Revocation?)? in
            if isActive == false || isSuperuser == false { try await requireSuperuser(beside: id, transaction) }
            let rows = try await transaction.query(
                "SELECT \(UserStore.columns) FROM auth.users u WHERE u.id = \(id) FOR UPDATE")
            guard let old = try rows.first.map(User.init) else { return nil }
            if let versions, !versions.contains(old.version) { throw Problem.preconditionFailed() }
            let (isActive, isSuperuser) = (isActive ?? old.isActive, isSuperuser ?? old.isSuperuser)
            guard isActive != old.isActive || isSuperuser != old.isSuperuser else { return (old, nil) }
            let audit = AuditEntry(
                type: "user.access_changed", entityID: id, organizationID: nil, actor: try Actor.user(actor),
                data: try JSONB([
                    "before": ["is_active": old.isActive, "is_superuser": old.isSuperuser],
                    "after": ["is_active": isActive, "is_superuser": isSuperuser],
                ]))
            let update: SQL = """
                UPDATE auth.users u
                SET is_active = \(isActive), is_superuser = \(isSuperuser), version = version + 1, last_updated = now()
                WHERE u.id = \(id) RETURNING \(UserStore.columns)
                """
            let results = try await transaction.batch([update, audit.insert])
            guard let user = try results.first?.first.map(User.init) else { return nil }
            if isActive != old.isActive { try await transaction.query(outbox.append(.userAccess(user, by: actor))) }
            let revocation = try await RevocationStore.insert(
                .user(id), lasting: SessionTerms.longestLifetime, transaction)
            return (user, revocation)
        }
        if result?.revocation != nil { outbox.wake() }
        return result
    }

    private func requireSuperuser(beside user: UUID, _ transaction: Transaction) async throws {
        let superusers = try await transaction.query(UserLock.superusers(with: user)).map { try $0.decode(UUID.self) }
        guard superusers != [user] else { throw Problem.conflict("Nobody else administers the platform.") }
    }
}
