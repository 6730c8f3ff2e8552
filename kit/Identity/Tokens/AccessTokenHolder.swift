import Foundation

/// Whom a personal access token stands for: the answer of `GET /internal/v1/api-tokens/{hash}`, which `auth` gives to the
/// other services.
///
///     {"token_id": "<uuid>", "user_id": "<uuid>", "organization_id": "<uuid>", "role": "member", "grants": [],
///      "scopes": ["devices:read"], "as_of": 1764000000123456, "expires_at": null}
///
/// Times are microseconds since 1970. What is revoked after `as_of` is not in the answer yet.
public struct AccessTokenHolder: Sendable, Hashable, Codable {
    public var tokenID: UUID
    public var userID: UUID
    public var organizationID: UUID
    /// The user's role now; null where only `grants` hold.
    public var role: Role?
    /// As in ``TokenClaims/grants``.
    public var grants: [String]
    /// Scopes that this version does not know are left out.
    public var scopes: [String]
    public var asOf: Int64
    public var expiresAt: Int64?

    public init(
        tokenID: UUID, userID: UUID, organizationID: UUID, role: Role?, grants: [ResourceGrant],
        scopes: Set<TokenScope>, asOf: Int64, expiresAt: Int64?
    ) {
        self.tokenID = tokenID
        self.userID = userID
        self.organizationID = organizationID
        self.role = role
        self.grants = grants.map(\.claim)
        self.scopes = scopes.map(\.rawValue).sorted()
        self.asOf = asOf
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case role, grants, scopes
        case tokenID = "token_id"
        case userID = "user_id"
        case organizationID = "organization_id"
        case asOf = "as_of"
        case expiresAt = "expires_at"
    }

    /// The user, who administers nothing beyond the organization.
    public var principal: UserPrincipal {
        UserPrincipal(
            id: userID, organizationID: organizationID, role: role,
            grants: grants.compactMap(ResourceGrant.init(claim:)), sessionID: nil, tokenID: tokenID,
            issuedAt: Date(microseconds: asOf), expiresAt: expiresAt.map(Date.init(microseconds:)),
            scopes: Set(scopes.compactMap(TokenScope.init(rawValue:))))
    }
}

extension Date {
    fileprivate init(microseconds: Int64) {
        self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }
}
