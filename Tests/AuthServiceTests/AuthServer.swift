import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Logging
import Postgres
import Redis
import ServiceKit
import ServiceLifecycle
import TestKit
import Testing

@testable import AuthService

/// The service, built as `main` builds it but for a cheap bcrypt and a long queue for it, with a database and a Redis of its own.
struct AuthServer: Sendable {
    let application: AuthApplication
    let database: TestDatabase
    let port: Int

    /// The one that all tests share.
    static func shared() async throws -> AuthServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start(on: try await makeDatabase()) }

    static func makeDatabase() async throws -> TestDatabase {
        try await TestDatabase.make(migrations: [.auth: AuthService.description.migrations!])
    }

    /// Starts an instance, which runs as long as the process.
    ///
    /// - Parameters:
    ///   - redisURL: Instead of the database's own.
    ///   - deletion: How organizations are deleted.
    ///   - keys: When signing keys come and go.
    ///   - hasher: Hashes passwords.
    ///   - settings: Beside those of the servers.
    static func start(
        on database: TestDatabase, redisURL: String? = nil, deletion: DeletionTerms = DeletionTerms(),
        keys: KeyTerms? = nil, hasher: PasswordHasher = PasswordHasher(cost: 4, queueLength: 1000),
        settings: [String: String] = [:]
    ) async throws -> AuthServer {
        let servers = [
            "LMS_DATABASE_URL": database.configuration(.auth).url,
            "LMS_DATABASE_ROLE_PREFIX": database.roles.prefix,
            "LMS_REDIS_URL": redisURL ?? database.redisURL,
            "LMS_SECRET_KEY": database.encodedSecretKey,
            "LMS_MAIL_URL": "file://\(mailFolder)",
            "LMS_PUBLIC_URL": publicURL,
            "LMS_BILLING_URL": try await TestIssuer.shared().url,
        ]
        let configuration = try ServiceConfiguration(servers.merging(settings) { $1 })
        var logger = Logger(label: "auth")
        logger.logLevel = .warning
        let environment = ServiceEnvironment(
            service: AuthService.description, configuration: configuration, logger: logger)
        let application = try await AuthApplication(
            environment, hasher: hasher, deletion: deletion, keys: keys)
        let group = ServiceGroup(configuration: .init(services: application.services, logger: logger))
        Task { try await group.run() }
        let port = try await application.http.port()
        let client = TestHTTPClient(port: port)
        try await eventually { try await client.get("/readyz").status == 200 }
        return AuthServer(application: application, database: database, port: port)
    }

    /// A client with a network address of its own, so that tests do not slow each other down.
    func client() -> TestHTTPClient {
        var client = TestHTTPClient(port: port)
        let address = (0..<3).map { _ in String(Int.random(in: 0...255)) }.joined(separator: ".")
        client.headers.add(name: "x-forwarded-for", value: "10." + address)
        return client
    }

    /// Somebody who has just registered.
    func newcomer() async throws -> Newcomer {
        let client = client()
        let email = AuthServer.newAddress()
        let response = try await client.post(
            "/api/v1/auth/register", ["email": .string(email), "password": .string(Newcomer.password), "name": "Ada"])
        let answer = response.json
        guard let access = answer["access_token"].string, let refresh = answer["refresh_token"].string,
            let id = answer["user"]["id"].string, let organization = answer["organization"]["id"].string
        else { throw UnexpectedAnswer(response: response) }
        return Newcomer(
            client: client, email: email, id: id, organizationID: organization, accessToken: access,
            refreshToken: refresh)
    }

    /// Somebody new who has been taken into an organization, and signed in there.
    func member(of organization: String, as role: Role) async throws -> Newcomer {
        let newcomer = try await newcomer()
        try await join(newcomer, to: organization, as: role)
        return try await newcomer.switching(to: organization)
    }

    /// Takes somebody into an organization, as an accepted invitation does.
    func join(_ newcomer: Newcomer, to organization: String, as role: Role) async throws {
        _ = try await query(
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(UUID(uuidString: organization)), \(UUID(uuidString: newcomer.id)), \(role.rawValue))
            """)
    }

    /// Where letters say that it is.
    static let publicURL = "http://lms.test:8080"

    static func newAddress() -> String { "user-\(UUID().uuidString.lowercased())@example.org" }

    /// A token by which another service of the installation calls.
    func internalToken() async throws -> String {
        try await InternalTokens(service: "realtime", keys: KeyRing(database.encodedSecretKey)).token()
    }

    /// The events about some subjects, or about members of those organizations, once there are so many.
    func events(about subjects: String..., count: Int) async throws -> [Event] {
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        return try await eventually { () -> [Event]? in
            let entries = try await redis.xrange(StreamName.events(.auth), count: 10_000)
            let events = try entries.map { try Event(json: $0["event"] ?? []) }.filter { event in
                subjects.contains(event.subject) || event.organizationID.map { subjects.contains($0.text) } ?? false
            }
            return events.count == count ? events : nil
        }
    }

    /// Signs claims of one's own as the service would.
    func sign(_ claims: TokenClaims) async throws -> String {
        let sealer = Sealer(keys: try KeyRing(database.encodedSecretKey))
        let keys = try await withClient(database.configuration(.auth)) { client in
            try await SigningKeyStore(
                database: client, sealer: sealer, outbox: Outbox(source: .auth), terms: KeyTerms()
            ).load()
        }
        return try await TokenSigner(key: keys[0].key).sign(claims)
    }

    /// The events about a subject that the service has published, in order.
    func events(about subject: String) async throws -> [Event] {
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        return try await redis.xrange(StreamName.events(.auth), count: 100_000)
            .map { try Event(json: $0["event"] ?? []) }.filter { $0.subject == subject }
    }

    /// The token of a newcomer's session of that kind as it was half an hour ago, when the role was another one.
    func agedToken(of newcomer: Newcomer, _ kind: String) async throws -> String {
        let rows = try await query(
            "SELECT id FROM auth.sessions WHERE user_id = \(UUID(uuidString: newcomer.id)) AND kind = \(kind)")
        let user = UserPrincipal(
            id: try #require(UUID(uuidString: newcomer.id)), organizationID: UUID(uuidString: newcomer.organizationID),
            role: .viewer, sessionID: nil, tokenID: UUID(), issuedAt: Date(timeIntervalSinceNow: -1810), expiresAt: nil)
        let session = try #require(try rows.first?.decode(UUID.self, at: 0))
        return try await sign(TokenClaims(.session, user: user, sessionID: session, lifetime: 3600))
    }

    /// Asks the database as its administrator.
    func query(_ sql: SQL) async throws -> Rows {
        try await withClient(database.administrator) { try await $0.query(sql) }
    }
}

struct Newcomer: Sendable {
    static let password = "correct horse battery"

    let client: TestHTTPClient
    let email: String
    let id: String
    let organizationID: String
    var accessToken: String
    let refreshToken: String

    /// Signed in with the access token.
    var api: TestHTTPClient { client.authorized(accessToken) }

    func logIn(password: String = password) async throws -> TestHTTPResponse {
        try await client.post("/api/v1/auth/login", ["email": .string(email), "password": .string(password)])
    }

    /// The same person with the tokens of another organization.
    func switching(to organization: String) async throws -> Newcomer {
        let response = try await api.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(organization)])
        guard let access = response.json["access_token"].string, let refresh = response.json["refresh_token"].string
        else { throw UnexpectedAnswer(response: response) }
        return Newcomer(
            client: client, email: email, id: id, organizationID: organization, accessToken: access,
            refreshToken: refresh)
    }

    func refresh(_ token: String) async throws -> TestHTTPResponse {
        try await client.post("/api/v1/auth/refresh", ["refresh_token": .string(token)])
    }

    /// The answer to making a personal access token.
    func makeAccessToken(_ fields: [String: JSONValue]) async throws -> TestHTTPResponse {
        var body: [String: JSONValue] = ["name": "script", "scopes": ["profile:read"]]
        body.merge(fields) { $1 }
        return try await api.post("/api/v1/auth/tokens", .object(body))
    }

    /// A client with a new personal access token.
    func accessToken(_ scopes: [TokenScope]) async throws -> TestHTTPClient {
        let response = try await makeAccessToken(["scopes": .array(scopes.map { .string($0.rawValue) })])
        guard let token = response.json["token"].string else { throw UnexpectedAnswer(response: response) }
        return client.authorized(token)
    }
}
