import Foundation
import HTTPKit
import Hummingbird
import Identity
import Logging
import ServiceKit
import ServiceLifecycle
import TestKit
import Testing

/// A service of given routes on a free port, and the means to sign in to it.
struct ServedRoutes: Sendable {
    let client: TestHTTPClient
    let keys: KeyRing
    let revocations: Revocations
    let organization = UUID()
    let deviceKey = SecretToken(.deviceKey)
    let device = UUID()
    /// A token of an owner that may read devices.
    let accessToken = SecretToken(.personalAccess)
    let environment: ServiceEnvironment
    let routes: RouteTable
    private let services: ServiceGroup
    private let signer: TokenSigner
    private let internalTokens: InternalTokens
    private let verifier: TokenVerifier

    /// Serves `declare`'s routes for the length of `body`.
    ///
    /// - Parameters:
    ///   - renew: Replaces the tokens of sessions.
    ///   - members: Looks up who belongs to the organization of a path.
    static func with<Result: Sendable>(
        areas: TokenAreas = TokenAreas(nil), renewing renew: @escaping SessionRenewal.Ask = { _ in nil },
        members: MembershipCheck? = nil,
        _ declare: (inout RouteTable) throws -> Void,
        _ body: @Sendable (ServedRoutes) async throws -> Result
    ) async throws -> Result {
        var table = RouteTable(areas)
        try declare(&table)
        let parts = try await Parts(renewing: renew)
        return try await serve(parts.application(table, members: members), parts, body)
    }

    /// Serves `declare`'s routes, with direct ones before them, for the length of `body`.
    static func with<Result: Sendable>(
        direct: [any DirectRoute], _ declare: (inout RouteTable) throws -> Void,
        _ body: @Sendable (ServedRoutes) async throws -> Result
    ) async throws -> Result {
        var table = RouteTable()
        try declare(&table)
        let parts = try await Parts()
        let application = try HTTPApplication(
            parts.environment, direct: direct, routes: table, authenticator: parts.authenticator,
            sessions: parts.sessions, forms: FormTokens(keys: parts.keys))
        return try await serve(application, parts, body)
    }

    /// Serves `declare`'s pages for the length of `body`.
    static func with<Result: Sendable>(
        pages makePages: (FormTokens) throws -> PageRenderer,
        _ declare: (inout RouteTable, PageRenderer) throws -> Void,
        _ body: @Sendable (ServedRoutes) async throws -> Result
    ) async throws -> Result {
        var table = RouteTable()
        let parts = try await Parts()
        let pages = try makePages(FormTokens(keys: parts.keys))
        try declare(&table, pages)
        return try await serve(parts.application(table, pages: pages), parts, body)
    }

    private static func serve<Result: Sendable>(
        _ application: HTTPApplication, _ parts: Parts, _ body: @Sendable (ServedRoutes) async throws -> Result
    ) async throws -> Result {
        let services = ServiceGroup(
            configuration: .init(services: [application], logger: parts.environment.logger))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            defer { group.cancelAll() }
            return try await body(ServedRoutes(parts, application, services, port: application.port()))
        }
    }

    private init(_ parts: Parts, _ application: HTTPApplication, _ services: ServiceGroup, port: Int) {
        self.services = services
        client = TestHTTPClient(port: port)
        keys = parts.keys
        revocations = parts.revocations
        signer = parts.signer
        internalTokens = parts.internalTokens
        verifier = parts.verifier
        environment = parts.environment
        routes = application.routes
        parts.deviceKeys.hold(
            deviceKey.hash, DevicePrincipal(id: device, organizationID: organization, keyHash: deviceKey.hash))
        parts.accessTokens.hold(
            accessToken.hash,
            UserPrincipal(
                id: UUID(), organizationID: organization, role: .owner, sessionID: nil, tokenID: UUID(),
                issuedAt: Date(), expiresAt: nil, scopes: [TokenScope(.devices, .read)]))
    }

    /// Begins to stop the server as a signal does; what is under way is answered.
    func stop() async {
        await services.triggerGracefulShutdown()
    }

    /// A token of a new user with that role in ``organization``, issued `age` seconds ago.
    func token(
        _ role: Role?, kind: TokenClaims.Kind = .access, isSuperuser: Bool = false, lifetime: TimeInterval = 900,
        age: TimeInterval = 0
    ) async throws -> String {
        let user = UserPrincipal(
            id: UUID(), organizationID: role == nil ? nil : organization, role: role, sessionID: UUID(),
            tokenID: UUID(), isSuperuser: isSuperuser, issuedAt: Date(timeIntervalSinceNow: -age), expiresAt: nil)
        return try await signer.sign(
            TokenClaims(kind, user: user, sessionID: user.sessionID ?? UUID(), lifetime: lifetime))
    }

    /// The end of the session that `token` belongs to.
    func revocation(of token: String) async throws -> Revocation {
        let user = try await verifier.verify(token)
        return Revocation(.session(try #require(user.sessionID)), at: Date(), lifetime: 3600)
    }

    /// The client of a new user with that role.
    func user(_ role: Role?, isSuperuser: Bool = false) async throws -> TestHTTPClient {
        client.authorized(try await token(role, isSuperuser: isSuperuser))
    }

    /// The client of a browser that is signed in.
    func browser(_ role: Role) async throws -> TestHTTPClient {
        var client = client
        client.headers.add(name: "cookie", value: "session_token=\(try await token(role, kind: .session))")
        return client
    }

    func service() async throws -> TestHTTPClient {
        client.authorized(try await internalTokens.token())
    }
}

/// What a service is made of, with a key ring and an issuer of its own.
private struct Parts {
    let keys: KeyRing
    let revocations = Revocations()
    let deviceKeys = KnownHolders<DevicePrincipal>()
    let accessTokens = KnownHolders<UserPrincipal>()
    let signer: TokenSigner
    let internalTokens: InternalTokens
    let verifier: TokenVerifier
    let authenticator: Authenticator
    let sessions: SessionRenewal
    let environment: ServiceEnvironment

    init(renewing renew: @escaping SessionRenewal.Ask = { _ in nil }) async throws {
        let secret = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        keys = try KeyRing(secret)
        let signingKey = SigningKey()
        let localKeys = LocalKeys()
        try await localKeys.replace(with: [signingKey.publicKey])
        signer = try await TokenSigner(key: signingKey)
        internalTokens = await InternalTokens(service: "test", keys: keys)
        let (deviceKeys, accessTokens) = (deviceKeys, accessTokens)
        verifier = TokenVerifier(keys: localKeys, revocations: revocations)
        authenticator = Authenticator(
            tokens: verifier, internalTokens: internalTokens,
            accessTokens: CredentialCache { accessTokens[$0] }, deviceKeys: CredentialCache { deviceKeys[$0] },
            revocations: revocations)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        sessions = SessionRenewal(logger: logger, ask: renew)
        environment = ServiceEnvironment(
            service: ServiceDescription(name: "test", defaultPort: 0),
            configuration: try ServiceConfiguration(["LMS_SECRET_KEY": secret]),
            logger: logger)
    }

    func application(
        _ table: RouteTable, members: MembershipCheck? = nil, pages: PageRenderer? = nil
    ) throws -> HTTPApplication {
        try HTTPApplication(
            environment, routes: table, authenticator: authenticator, sessions: sessions,
            forms: FormTokens(keys: keys), members: members, pages: pages)
    }
}
