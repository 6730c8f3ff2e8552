import Foundation
import JWTKit

/// The claims of a user's JWT (RFC 7519), as `auth` signs them and every service reads them.
public struct TokenClaims: Sendable, Hashable, Codable {
    /// The one issuer and the one audience of user tokens.
    public static let issuer = "lms-auth"
    public static let audience = "lms"

    /// What a token is for.
    public enum Kind: String, Sendable, Codable {
        /// Lives 15 minutes; sent as a bearer token.
        case access
        /// Lives as long as a browser's session; kept in the `session_token` cookie.
        case session
        /// Between services; never a user's.
        case `internal`
    }

    public var iss: String
    public var aud: String
    /// The user's id.
    public var sub: UUID
    /// The active organization.
    public var org: UUID?
    /// The role in it.
    public var role: Role?
    /// Roles on single resources of it, `device:<id>:<role>` or `project:<id>:<role>`.
    public var grants: [String]?
    /// The session.
    public var sid: UUID
    public var typ: Kind
    /// Seconds since 1970, with a fraction: what is revoked and issued anew within a second is told apart.
    public var iat: Double
    /// Seconds since 1970.
    public var exp: Double
    public var jti: UUID
    /// Whether the user administers the platform.
    public var su: Bool?

    /// The claims of a new token for `user`, valid from its `issuedAt` for `lifetime` seconds.
    public init(_ kind: Kind, user: UserPrincipal, sessionID: UUID, lifetime: TimeInterval) {
        iss = Self.issuer
        aud = Self.audience
        sub = user.id
        org = user.organizationID
        role = user.role
        grants = user.grants.isEmpty ? nil : user.grants.map(\.claim)
        sid = sessionID
        typ = kind
        iat = user.issuedAt.timeIntervalSince1970
        exp = (iat + lifetime).rounded()
        jti = user.tokenID
        su = user.isSuperuser ? true : nil
    }

    /// Writes the ids in lower case, as every answer has them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func encode(_ id: UUID?, _ key: CodingKeys) throws {
            try container.encodeIfPresent(id?.uuidString.lowercased(), forKey: key)
        }
        try container.encode(iss, forKey: .iss)
        try container.encode(aud, forKey: .aud)
        try encode(sub, .sub)
        try encode(org, .org)
        try container.encodeIfPresent(role, forKey: .role)
        try container.encodeIfPresent(grants, forKey: .grants)
        try encode(sid, .sid)
        try container.encode(typ, forKey: .typ)
        try container.encode(iat, forKey: .iat)
        try container.encode(exp, forKey: .exp)
        try encode(jti, .jti)
        try container.encodeIfPresent(su, forKey: .su)
    }

    /// The user these claims name.
    public var principal: UserPrincipal {
        UserPrincipal(
            id: sub, organizationID: org, role: role, grants: (grants ?? []).compactMap(ResourceGrant.init(claim:)),
            sessionID: sid, tokenID: jti, isSuperuser: su ?? false, issuedAt: Date(timeIntervalSince1970: iat),
            expiresAt: Date(timeIntervalSince1970: exp))
    }

    /// Checks everything but the signature; an issuer's clock may be `leeway` seconds ahead.
    func validate(at now: Date, leeway: TimeInterval = 30) throws(TokenError) {
        guard iss == Self.issuer, aud == Self.audience, typ != .internal else { throw .wrongUse }
        guard exp > now.timeIntervalSince1970 else { throw .expired }
        guard iat <= now.timeIntervalSince1970 + leeway else { throw .malformed }
    }
}

extension TokenClaims: JWTPayload {
    /// What this library would verify is pinned too; tokens are verified by ``VerificationKey``.
    public func verify(using algorithm: some JWTAlgorithm) throws {
        guard algorithm.name == "ES256" else { throw TokenError.wrongAlgorithm }
    }
}
