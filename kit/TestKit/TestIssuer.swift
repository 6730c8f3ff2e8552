import Foundation
import Identity
import Kernel
import ServiceKit

/// Stands in for `auth` where another service is tested: signs tokens for users and publishes their key.
public final class TestIssuer: Sendable {
    /// What `LMS_AUTH_URL` is to say.
    public let url: String
    private let signer: TokenSigner

    private init(url: String, signer: TokenSigner) {
        self.url = url
        self.signer = signer
    }

    private static let once = Once<TestIssuer>()

    /// The issuer of this process.
    public static func shared() async throws -> TestIssuer {
        try await once.value {
            let key = SigningKey()
            let keys = String(decoding: try JSONEncoder().encode(JSONWebKeySet(keys: [key.publicKey])), as: UTF8.self)
            let server = try await TestHTTPServer.start { request in
                request.path == "/.well-known/jwks.json" ? (200, keys) : (200, #"{"items": [], "next": ""}"#)
            }
            return TestIssuer(url: server.url, signer: try await TokenSigner(key: key))
        }
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
        return try await signer.sign(TokenClaims(.access, user: principal, sessionID: session, lifetime: 900))
    }
}
