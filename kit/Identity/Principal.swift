import Foundation

/// Who makes a request.
public enum Principal: Sendable, Hashable {
    case user(UserPrincipal)
    case device(DevicePrincipal)
    /// Another service of this installation, by the name it signed its token with.
    case service(name: String)

    /// The organization that the request acts in; a service, and a user without a membership, act in none.
    public var organizationID: UUID? {
        switch self {
        case .user(let user): user.organizationID
        case .device(let device): device.organizationID
        case .service: nil
        }
    }

    public var user: UserPrincipal? {
        if case .user(let user) = self { user } else { nil }
    }

    public var device: DevicePrincipal? {
        if case .device(let device) = self { device } else { nil }
    }
}

/// A person, signed in or represented by a personal access token.
public struct UserPrincipal: Sendable, Hashable, Codable {
    public var id: UUID
    /// The active organization; nil for a user who belongs to none.
    public var organizationID: UUID?
    /// The role in the active organization; nil when there is none, or only grants on single resources.
    public var role: Role?
    /// Roles on single projects and devices of the active organization, beside `role`.
    public var grants: [ResourceGrant]
    /// The session that the credential belongs to; nil for a personal access token.
    public var sessionID: UUID?
    /// The credential itself: the `jti` of a JWT, or the id of a personal access token.
    public var tokenID: UUID
    public var isSuperuser: Bool
    /// When the credential was issued, or a personal access token looked up: what is revoked later than that voids it.
    public var issuedAt: Date
    /// When the credential ends; nil for a personal access token without an end.
    public var expiresAt: Date?
    /// What a personal access token may be used for; nil for somebody who has signed in, whom no scope limits.
    public var scopes: Set<TokenScope>?

    public init(
        id: UUID, organizationID: UUID?, role: Role?, grants: [ResourceGrant] = [], sessionID: UUID?, tokenID: UUID,
        isSuperuser: Bool = false, issuedAt: Date, expiresAt: Date?, scopes: Set<TokenScope>? = nil
    ) {
        self.id = id
        self.organizationID = organizationID
        self.role = role
        self.grants = grants
        self.sessionID = sessionID
        self.tokenID = tokenID
        self.isSuperuser = isSuperuser
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.scopes = scopes
    }

    /// The role that holds on one device: the greatest of the organization's and of the grants on it or its project.
    public func role(onDevice device: UUID, ofProject project: UUID? = nil) -> Role? {
        let granted = grants.filter { grant in
            switch grant.resource {
            case .device(let id): id == device
            case .project(let id): id == project
            }
        }
        return greatestRole(with: granted)
    }

    /// The role that holds on one project.
    public func role(onProject project: UUID) -> Role? {
        greatestRole(with: grants.filter { $0.resource == .project(project) })
    }

    private func greatestRole(with granted: [ResourceGrant]) -> Role? {
        (granted.map(\.role) + (role.map { [$0] } ?? [])).max()
    }
}

/// A role on one project or one device only.
public struct ResourceGrant: Sendable, Hashable, Codable {
    public enum Resource: Sendable, Hashable, Codable {
        case project(UUID)
        case device(UUID)
    }

    public var resource: Resource
    public var role: Role

    public init(resource: Resource, role: Role) {
        self.resource = resource
        self.role = role
    }
}

/// A device that presented a valid key.
public struct DevicePrincipal: Sendable, Hashable, Codable {
    public var id: UUID
    public var organizationID: UUID
    /// SHA-256 of the key that was presented, by which it is revoked.
    public var keyHash: SecretHash
    /// When the key ends, as the old one does after a rotation; nil when it has no end.
    public var expiresAt: Date?

    public init(id: UUID, organizationID: UUID, keyHash: SecretHash, expiresAt: Date? = nil) {
        self.id = id
        self.organizationID = organizationID
        self.keyHash = keyHash
        self.expiresAt = expiresAt
    }
}
