import Foundation
import Identity
import Outbound
import Postgres
import Redis
import ServiceKit
import ServiceLifecycle

/// What every service is made of before its own parts: its clients, and what finds out who calls it.
public struct ServiceBase: Sendable {
    public let environment: ServiceEnvironment
    public let database: PostgresClient
    /// The database that takes exports: a replica, where there is one, else the same.
    public let exportDatabase: PostgresConfiguration
    public let redis: RedisClient
    public let http: HTTPClient
    public let keyRing: KeyRing
    public let revocations: Revocations
    private let internalTokens: InternalTokens
    private let verifier: TokenVerifier
    private let background: [any ServiceLifecycle.Service]

    /// Makes the base of a service that knows users by the keys that `auth` publishes.
    ///
    /// - Throws: `ConfigurationError`, `KeyRingError`, and what is wrong with the URLs of the database and Redis.
    public init(_ environment: ServiceEnvironment) async throws {
        let http = HTTPClient()
        let url = try environment.configuration.url(of: .auth).absoluteString + "/.well-known/jwks.json"
        let keys = PublishedKeys {
            let response = try await http.execute(HTTPClient.Request(url: url))
            return try JSONDecoder().decode(JSONWebKeySet.self, from: Data(response.body))
        }
        try await self.init(environment, http: http, keys: keys, background: [keys])
        environment.health.register("signing keys") {
            guard keys.areKnown else { throw SigningKeysUnknown() }
        }
    }

    /// Makes the base of the issuer itself, which has the keys.
    public init(_ environment: ServiceEnvironment, issuerKeys: LocalKeys) async throws {
        try await self.init(environment, http: HTTPClient(), keys: issuerKeys, background: [])
    }

    private init(
        _ environment: ServiceEnvironment, http: HTTPClient, keys: any VerificationKeySource,
        background: [any ServiceLifecycle.Service]
    ) async throws {
        let configuration = environment.configuration
        var postgres = try PostgresConfiguration(url: configuration.databaseURL)
        postgres.applicationName = "lms-\(environment.service.name)"
        var exports = try configuration.databaseReplicaURL.map(PostgresConfiguration.init(url:)) ?? postgres
        exports.applicationName = postgres.applicationName
        self.environment = environment
        self.http = http
        database = PostgresClient(postgres)
        exportDatabase = exports
        redis = RedisClient(try RedisConfiguration(url: environment.configuration.redisURL))
        keyRing = try KeyRing(environment.configuration.secretKey)
        revocations = Revocations()
        internalTokens = await InternalTokens(service: environment.service.name, keys: keyRing)
        verifier = TokenVerifier(keys: keys, revocations: revocations)
        self.background = background
        environment.health.registerDatabase(database)
        try environment.health.registerSchema(of: environment, in: database)
    }

    /// Asks another service.
    ///
    /// - Throws: `ConfigurationError` when its URL is not set.
    public func peer(_ service: PeerService) throws -> PeerClient {
        PeerClient(base: try environment.configuration.url(of: service), http: http, tokens: internalTokens)
    }

    /// What finds out who calls.
    ///
    /// - Parameters:
    ///   - accessTokens: Who holds a personal access token; nil asks `auth`.
    ///   - deviceKeys: Who holds a device key; a service that no device calls knows none.
    /// - Throws: `ConfigurationError`.
    public func authenticator(
        accessTokens: CredentialCache<UserPrincipal>.Lookup? = nil,
        deviceKeys: CredentialCache<DevicePrincipal> = CredentialCache { _ in nil }
    ) throws -> Authenticator {
        let lookup: CredentialCache<UserPrincipal>.Lookup
        if let accessTokens {
            lookup = accessTokens
        } else {
            let auth = try peer(.auth)
            lookup = { hash in
                try await auth.get("/internal/v1/api-tokens/\(hash.hex)", as: AccessTokenHolder.self)?.principal
            }
        }
        return Authenticator(
            tokens: verifier, internalTokens: internalTokens, accessTokens: CredentialCache(lookup: lookup),
            deviceKeys: deviceKeys, revocations: revocations)
    }

    /// What renews the sessions of browsers, by asking `auth`.
    ///
    /// - Throws: `ConfigurationError`.
    public func sessionRenewal() throws -> SessionRenewal {
        let auth = try peer(.auth)
        return SessionRenewal(logger: environment.logger) { token in
            try await auth.post(SessionToRenew(token: token), to: "/internal/v1/sessions/renew")
        }
    }

    /// The clients and what keeps keys and revocations up to date, in the order in which they start; a service's own
    /// parts come behind them and so are shut down before.
    ///
    /// - Parameters:
    ///   - peers: Who is asked for revocations at the start and while Redis is away: `auth`, which readiness waits for,
    ///     and `devices` where devices call.
    ///   - ownRevocations: Reads those that the service keeps itself, instead of asking anybody.
    /// - Throws: `ConfigurationError`.
    public func services(
        revocationsFrom peers: [PeerService] = [.auth], ownRevocations: RevocationFeed.Reread? = nil
    ) throws -> [any ServiceLifecycle.Service] {
        let sources = try ownRevocations.map { [$0] } ?? peers.map(revocations(from:))
        let feed = RevocationFeed(
            revocations: revocations, redis: redis, logger: environment.logger, sources: sources)
        environment.health.register("revocations") {
            guard feed.hasCaughtUp else { throw RevocationsUnknown() }
        }
        return [
            ClientService("database") { [database] in await database.run() },
            ClientService("redis") { [redis] in await redis.run() },
        ] + background + [feed]
    }

    private func revocations(from peer: PeerService) throws -> RevocationFeed.Reread {
        let owner = try self.peer(peer)
        return { after in
            let query = after.map { "?after=\($0)" } ?? ""
            return try await owner.get("/internal/v1/revocations" + query)
                ?? RevocationPage(items: [], next: after ?? "0")
        }
    }
}

/// What was revoked before the service began would pass for good.
private struct RevocationsUnknown: Error, CustomStringConvertible {
    var description: String { "what has been revoked so far has not been read yet" }
}

/// No user can be told from another before `auth` has answered once.
private struct SigningKeysUnknown: Error, CustomStringConvertible {
    var description: String { "auth has not published its keys yet" }
}
