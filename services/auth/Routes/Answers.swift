import Identity
import Kernel
import Postgres

/// The answer to a login or another active organization: tokens, and whom they are for.
struct TokenAnswer: Encodable {
    let accessToken: String
    var tokenType = "bearer"
    /// Seconds until the access token ends.
    let expiresIn: Int64
    /// Nil where a cookie keeps the session.
    let refreshToken: String?
    let user: UserAnswer
    /// With a registration, the organization that it made.
    let organization: OrganizationAnswer?

    init(_ tokens: TokenSet, organization: OrganizationAnswer? = nil) {
        accessToken = tokens.access
        expiresIn = SessionTerms.accessTokenLifetime.components.seconds
        refreshToken = tokens.refresh
        user = UserAnswer(tokens.session.user, in: tokens.session.membership)
        self.organization = organization
    }

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case refreshToken = "refresh_token"
        case user, organization
    }
}

/// A user and the place in the active organization; members that have no value are null.
struct UserAnswer: Encodable {
    let id: String
    let email: String
    let isEmailVerified: Bool
    let name: String
    let organizationID: String?
    let role: Role?
    let isActive: Bool
    let isSuperuser: Bool

    init(_ user: User, in membership: Membership?) {
        id = user.id.text
        email = user.email
        isEmailVerified = user.isEmailVerified
        name = user.name
        organizationID = membership?.organizationID.text
        role = membership?.role
        isActive = user.isActive
        isSuperuser = user.isSuperuser
    }

    enum CodingKeys: String, CodingKey {
        case id, email, name
        case isEmailVerified = "is_email_verified"
        case organizationID = "organization_id"
        case role
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(email, forKey: .email)
        try container.encode(isEmailVerified, forKey: .isEmailVerified)
        try container.encode(name, forKey: .name)
        try container.encode(organizationID, forKey: .organizationID)
        try container.encode(role, forKey: .role)
        try container.encode(isActive, forKey: .isActive)
        try container.encode(isSuperuser, forKey: .isSuperuser)
    }
}

/// An organization and the caller's role in it.
struct OrganizationAnswer: Encodable {
    let id: String
    let name: String
    let role: Role

    init(_ membership: Membership, name: String) {
        id = membership.organizationID.text
        self.name = name
        role = membership.role
    }
}

/// The caller: as in ``UserAnswer``, and what only a profile shows.
struct ProfileAnswer: Encodable {
    let user: UserAnswer
    let organizations: [OrganizationAnswer]
    let deletesAt: Timestamp?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    init(_ user: User, active: Membership?, organizations: [OrganizationAnswer]) {
        self.user = UserAnswer(user, in: active)
        self.organizations = organizations
        deletesAt = user.deletesAt
        version = user.version
        createdAt = user.createdAt
        lastUpdated = user.lastUpdated
    }

    enum CodingKeys: String, CodingKey {
        case organizations, version
        case deletesAt = "deletes_at"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    func encode(to encoder: any Encoder) throws {
        try user.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(organizations, forKey: .organizations)
        try container.encode(deletesAt, forKey: .deletesAt)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}

/// One of the caller's sessions.
struct SessionAnswer: Encodable {
    let id: String
    let kind: String
    let isCurrent: Bool
    let userAgent: String?
    let address: String?
    let createdAt: Timestamp
    let lastUsedAt: Timestamp
    let expiresAt: Timestamp

    init(_ session: SessionRecord, isCurrent: Bool) {
        id = session.id.text
        kind = session.terms.kind
        self.isCurrent = isCurrent
        userAgent = session.client.userAgent
        address = session.client.address
        createdAt = session.createdAt
        lastUsedAt = session.lastUsedAt
        expiresAt = session.expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, kind
        case isCurrent = "is_current"
        case userAgent = "user_agent"
        case address
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
        case expiresAt = "expires_at"
    }
}
