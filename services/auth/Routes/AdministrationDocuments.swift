import Postgres

/// A user as those see them who run the platform.
struct AdminUser: Encodable {
    let id: String
    let email: String
    let name: String
    let isActive: Bool
    let isSuperuser: Bool
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    init(_ user: User) {
        id = user.id.text
        email = user.email
        name = user.name
        isActive = user.isActive
        isSuperuser = user.isSuperuser
        version = user.version
        createdAt = user.createdAt
        lastUpdated = user.lastUpdated
    }

    enum CodingKeys: String, CodingKey {
        case id, email, name, version
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }
}

/// A user and how many organizations they belong to.
struct AccountAnswer: Encodable {
    let account: AdministrationStore.Account

    init(_ account: AdministrationStore.Account) {
        self.account = account
    }

    enum CodingKeys: String, CodingKey {
        case organizations = "organization_count"
    }

    func encode(to encoder: any Encoder) throws {
        try AdminUser(account.user).encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(account.organizations, forKey: .organizations)
    }
}

struct OrganizationSummary: Encodable {
    let id: String
    let name: String
    let members: Int
    let createdAt: Timestamp

    init(_ organization: AdministrationStore.Organization) {
        id = organization.id.text
        name = organization.name
        members = organization.members
        createdAt = organization.createdAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name
        case members = "member_count"
        case createdAt = "created_at"
    }
}

struct TotalsAnswer: Encodable {
    let users: Int
    let activeUsers: Int
    let superusers: Int
    let sessions: Int
    let organizations: Int
    let projects: Int
    let devices: Int

    init(_ totals: AdministrationStore.Totals) {
        users = totals.users
        activeUsers = totals.activeUsers
        superusers = totals.superusers
        sessions = totals.sessions
        organizations = totals.organizations
        projects = totals.projects
        devices = totals.devices
    }

    enum CodingKeys: String, CodingKey {
        case users
        case activeUsers = "active_users"
        case superusers, sessions, organizations, projects, devices
    }
}
