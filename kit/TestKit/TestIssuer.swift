import Foundation
import Identity
import Kernel
import Postgres
import ServiceKit
import Synchronization

/// Stands in for `auth` where another service is tested: signs tokens for users, publishes their key, renews the sessions
/// that services ask it to, and knows whom the personal access tokens stand for that it made.
public final class TestIssuer: Sendable {
    /// What `LMS_AUTH_URL` is to say.
    public let url: String
    /// What its tokens are verified with.
    public let publicKey: JSONWebKey
    private let signer: TokenSigner
    private let holders: AccessTokenHolders

    private init(url: String, publicKey: JSONWebKey, signer: TokenSigner, holders: AccessTokenHolders) {
        self.url = url
        self.publicKey = publicKey
        self.signer = signer
        self.holders = holders
    }

    private static let once = Once<TestIssuer>()

    /// The issuer of this process.
    public static func shared() async throws -> TestIssuer {
        try await once.value {
            let key = SigningKey()
            let keys = String(decoding: try JSONEncoder().encode(JSONWebKeySet(keys: [key.publicKey])), as: UTF8.self)
            let signer = try await TokenSigner(key: key)
            let holders = AccessTokenHolders()
            let server = try await TestHTTPServer.start { request in
                switch request.path {
                case "/.well-known/jwks.json": (200, keys)
                case "/internal/v1/sessions/renew": await renew(request.body, with: signer)
                case let path where path.hasPrefix("/internal/v1/api-tokens/"):
                    holders.json(of: path).map { (200, $0) } ?? (404, "{}")
                default: (200, #"{"items": [], "next": ""}"#)
                }
            }
            return TestIssuer(url: server.url, publicKey: key.publicKey, signer: signer, holders: holders)
        }
    }

    /// Another token of the same session, for an hour.
    private static func renew(_ question: [UInt8], with signer: TokenSigner) async -> TestHTTPServer.Answer {
        do {
            let old = try JSONDecoder().decode(SessionToRenew.self, from: Data(question)).token
            var user = try claims(of: old).principal
            user.issuedAt = Date()
            let claims = TokenClaims(.session, user: user, sessionID: user.sessionID ?? .v7(), lifetime: 3600)
            let answer = try JSONEncoder().encode(SessionToken(try await signer.sign(claims), maxAge: nil))
            return (200, String(decoding: answer, as: UTF8.self))
        } catch {
            return (422, "{}")
        }
    }

    /// What a token says, unverified.
    ///
    /// - Throws: `DecodingError`.
    public static func claims(of token: String) throws -> TokenClaims {
        let payload = token.split(separator: ".").dropFirst().first.flatMap(Base64URL.decode)
        return try JSONDecoder().decode(TokenClaims.self, from: Data(payload ?? []))
    }

    /// An access token.
    ///
    /// - Parameters:
    ///   - role: Nil for a user who is in no organization.
    ///   - lifetime: In seconds; a negative one has passed already.
    public func token(
        for user: UUID = .v7(), in organization: UUID?, as role: Role?, grants: [ResourceGrant] = [],
        isSuperuser: Bool = false, lifetime: TimeInterval = 900
    ) async throws -> String {
        let issuedAt = Date(timeIntervalSinceNow: min(0, lifetime - 900))
        let session = UUID.v7()
        let principal = UserPrincipal(
            id: user, organizationID: organization, role: role, grants: grants, sessionID: session, tokenID: .v7(),
            isSuperuser: isSuperuser, issuedAt: issuedAt, expiresAt: issuedAt.addingTimeInterval(900))
        return try await sign(TokenClaims(.access, user: principal, sessionID: session, lifetime: 900))
    }

    /// Signs claims as they are, true or not.
    public func sign(_ claims: TokenClaims) async throws -> String {
        try await signer.sign(claims)
    }

    /// A personal access token.
    ///
    /// - Parameter role: Nil for a user who has only `grants`.
    public func accessToken(
        for user: UUID = .v7(), in organization: UUID, as role: Role?, grants: [ResourceGrant] = [],
        scopes: Set<TokenScope>
    ) throws -> String {
        let token = SecretToken(.personalAccess)
        try holders.add(
            AccessTokenHolder(
                tokenID: .v7(), userID: user, organizationID: organization, role: role, grants: grants, scopes: scopes,
                asOf: Timestamp.now.microseconds, expiresAt: nil),
            for: token)
        return token.secret
    }
}

/// Whom the tokens stand for, as JSON, by the path that is asked for.
private final class AccessTokenHolders: Sendable {
    private let documents = Mutex<[String: String]>([:])

    func add(_ holder: AccessTokenHolder, for token: SecretToken) throws {
        let json = String(decoding: try JSONEncoder().encode(holder), as: UTF8.self)
        documents.withLock { $0["/internal/v1/api-tokens/\(token.hash.hex)"] = json }
    }

    func json(of path: String) -> String? { documents.withLock { $0[path] } }
}
