import Foundation
import HTTPKit
import Identity
import Logging
import ServiceKit
import ServiceLifecycle

/// Stands for `auth`: publishes a key, and signs users' tokens with it.
struct TestIssuer: Sendable {
    let port: Int
    private let signer: TokenSigner

    static func shared() async throws -> TestIssuer { try await sharedIssuer.value }

    private static let sharedIssuer = Task { try await start() }

    private static func start() async throws -> TestIssuer {
        let key = SigningKey()
        let ring = try KeyRing(Data(repeating: 7, count: 32).base64EncodedString())
        var routes = RouteTable()
        routes.get("/.well-known/jwks.json", .public) { _, _ in JSON(JSONWebKeySet(keys: [key.publicKey])) }
        routes.get("/internal/v1/revocations", .public) { request, _ in
            JSON(RevocationPage(items: [], next: "0"))
        }
        let revocations = Revocations()
        let authenticator = Authenticator(
            tokens: TokenVerifier(keys: LocalKeys(), revocations: revocations),
            internalTokens: await InternalTokens(service: "auth", keys: ring),
            accessTokens: CredentialCache { _ in nil }, deviceKeys: CredentialCache { _ in nil },
            revocations: revocations)
        let environment = ServiceEnvironment(
            service: ServiceDescription(name: "issuer", defaultPort: 0), configuration: try ServiceConfiguration([:]),
            logger: Logger(label: "issuer") { _ in SwiftLogNoOpLogHandler() })
        let http = try HTTPApplication(
            environment, routes: routes, authenticator: authenticator, forms: FormTokens(keys: ring))
        Task { try await http.run() }
        return TestIssuer(port: try await http.port(), signer: try await TokenSigner(key: key))
    }

    /// The access token of a user.
    func token(
        _ role: Role?, of organization: UUID?, grants: [ResourceGrant] = [], id: UUID = UUID(),
        lifetime: TimeInterval = 900
    ) async throws -> String {
        let session = UUID()
        let user = UserPrincipal(
            id: id, organizationID: organization, role: role, grants: grants, sessionID: session, tokenID: UUID(),
            issuedAt: Date(), expiresAt: nil)
        return try await signer.sign(TokenClaims(.access, user: user, sessionID: session, lifetime: lifetime))
    }
}
