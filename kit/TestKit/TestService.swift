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

/// An instance of a service, built as its `main` builds it, that runs as long as the process.
public struct TestService: Sendable {
    public let http: HTTPApplication
    public let database: TestDatabase
    /// A client of the service's Redis, for tests to look into it.
    public let redis: RedisClient
    public let port: Int
    private let issuer: TestIssuer
    private let service: Kernel.Service

    /// Starts an instance and waits until it is ready.
    ///
    /// - Parameters:
    ///   - settings: Beside the database, Redis, secret and `auth`, which are set.
    ///   - build: The service's build function.
    public static func start(
        _ service: Kernel.Service, _ description: ServiceDescription, on database: TestDatabase,
        settings: [String: String] = [:],
        build: (ServiceEnvironment) async throws -> (http: HTTPApplication, services: [any ServiceLifecycle.Service])
    ) async throws -> TestService {
        let issuer = try await TestIssuer.shared()
        var values = [
            "LMS_DATABASE_URL": database.configuration(service).url,
            "LMS_DATABASE_ROLE_PREFIX": database.roles.prefix,
            "LMS_REDIS_URL": database.redisURL,
            "LMS_SECRET_KEY": database.encodedSecretKey,
            "LMS_AUTH_URL": issuer.url,
            // It stands in for the others too, as one that has nothing to tell.
            "LMS_DEVICES_URL": issuer.url, "LMS_ALERTS_URL": issuer.url, "LMS_BILLING_URL": issuer.url,
        ]
        values.merge(settings) { $1 }
        var logger = Logger(label: description.name)
        logger.logLevel = .error
        let environment = ServiceEnvironment(
            service: description, configuration: try ServiceConfiguration(values), logger: logger)
        let (http, services) = try await build(environment)
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let group = ServiceGroup(
            configuration: .init(
                services: [ClientService("test-redis") { await redis.run() }] + services, logger: logger))
        Task { try await group.run() }
        let port = try await http.port()
        try await eventually { try await TestHTTPClient(port: port).get("/readyz").status == 200 }
        return TestService(
            http: http, database: database, redis: redis, port: port, issuer: issuer, service: service)
    }

    /// Without credentials.
    public var client: TestHTTPClient { TestHTTPClient(port: port) }

    /// A user of an organization.
    public func user(
        _ role: Role?, of organization: UUID, grants: [ResourceGrant] = [], id: UUID = UUID()
    ) async throws -> TestHTTPClient {
        client.authorized(try await issuer.token(for: id, in: organization, as: role, grants: grants))
    }

    /// Another service of the installation.
    public func peer(_ name: String = "readings") async throws -> TestHTTPClient {
        let tokens = await InternalTokens(service: name, keys: try KeyRing(database.encodedSecretKey))
        return client.authorized(try await tokens.token())
    }

    /// Asks the database as its administrator.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        try await withClient(database.administrator) { try await $0.query(sql) }
    }

    /// The events about a subject that the service has published, in order.
    public func events(about subject: String) async throws -> [Event] {
        try await redis.xrange(StreamName.events(service), count: 100_000)
            .map { try Event(json: $0["event"] ?? []) }.filter { $0.subject == subject }
    }

    /// Waits until the events about a subject are of these types, and returns them.
    @discardableResult
    public func events(about subject: String, are types: [String]) async throws -> [Event] {
        try await eventually {
            let events = try await events(about: subject)
            return events.map(\.type) == types ? events : nil
        }
    }

    /// Publishes an event as another service would.
    public func publish(_ event: Event) async throws {
        try await redis.xadd(StreamName.events(event.source), [("event", event.json)])
    }

    // MARK: The contract

    /// The public routes that are served, as `GET /api/v1/…`; without what every service has beside its contract.
    public var servedOperations: Set<String> { http.publicOperations }

    /// The operations of the service's OpenAPI document.
    public func documentedOperations() async throws -> Set<String> {
        Set(OpenAPIText(try await client.get("/openapi.yaml").text).operations)
    }
}
