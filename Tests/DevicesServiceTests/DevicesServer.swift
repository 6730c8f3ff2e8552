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

@testable import DevicesService

/// The service, built as `main` builds it, with a database and a Redis of its own.
struct DevicesServer: Sendable {
    let http: HTTPApplication
    let waiters: PollWaiters
    let database: TestDatabase
    let issuer: TestIssuer
    let redis: RedisClient
    let port: Int

    /// The one that all tests share.
    static func shared() async throws -> DevicesServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start(on: try await makeDatabase()) }

    static func makeDatabase() async throws -> TestDatabase {
        try await TestDatabase.make(migrations: [.devices: DevicesService.description.migrations!])
    }

    /// Starts an instance, which runs as long as the process.
    static func start(on database: TestDatabase) async throws -> DevicesServer {
        let issuer = try await TestIssuer.shared()
        let configuration = try ServiceConfiguration([
            "LMS_DATABASE_URL": database.configuration(.devices).url,
            "LMS_DATABASE_ROLE_PREFIX": database.roles.prefix,
            "LMS_REDIS_URL": database.redisURL,
            "LMS_SECRET_KEY": database.encodedSecretKey,
            "LMS_AUTH_URL": "http://127.0.0.1:\(issuer.port)",
        ])
        var logger = Logger(label: "devices")
        logger.logLevel = .warning
        let environment = ServiceEnvironment(
            service: DevicesService.description, configuration: configuration, logger: logger)
        let (http, waiters, services) = try await DevicesService.build(environment)
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let group = ServiceGroup(
            configuration: .init(
                services: [ClientService("test-redis") { await redis.run() }] + services, logger: logger))
        Task { try await group.run() }
        let port = try await http.port()
        let client = TestHTTPClient(port: port)
        try await eventually { try await client.get("/readyz").status == 200 }
        return DevicesServer(
            http: http, waiters: waiters, database: database, issuer: issuer, redis: redis, port: port)
    }

    /// Without credentials.
    var client: TestHTTPClient { TestHTTPClient(port: port) }

    /// A user of an organization.
    func user(
        _ role: Role?, of organization: UUID, grants: [ResourceGrant] = [], id: UUID = UUID()
    ) async throws -> TestHTTPClient {
        client.authorized(try await issuer.token(role, of: organization, grants: grants, id: id))
    }

    /// Another service of the installation.
    func service() async throws -> TestHTTPClient {
        let tokens = await InternalTokens(service: "readings", keys: try KeyRing(database.encodedSecretKey))
        return client.authorized(try await tokens.token())
    }

    /// A new organization with an admin.
    func organization() async throws -> TestOrganization {
        let id = UUID.v7()
        return TestOrganization(id: id, server: self, admin: try await user(.admin, of: id))
    }

    /// Asks the database as its administrator.
    @discardableResult
    func query(_ sql: SQL) async throws -> Rows {
        try await withClient(database.administrator) { try await $0.query(sql) }
    }

    /// The events about a subject that are on the service's stream, in order.
    func events(about subject: String) async throws -> [Event] {
        try await redis.xrange(StreamName.events(.devices), count: 100_000)
            .map { try Event(json: $0["event"] ?? []) }.filter { $0.subject == subject }
    }

    /// Waits until the events about a subject are of these types, and returns them.
    @discardableResult
    func events(about subject: String, are types: [String]) async throws -> [Event] {
        try await eventually {
            let events = try await events(about: subject)
            return events.map(\.type) == types ? events : nil
        }
    }
}

/// An organization of one test.
struct TestOrganization: Sendable {
    let id: UUID
    let server: DevicesServer
    let admin: TestHTTPClient

    /// A new device; `fields` beside its name and type.
    func device(_ fields: [String: JSONValue] = [:]) async throws -> TestDevice {
        var body: [String: JSONValue] = ["name": "Incubator 3", "device_type": "esp32"]
        body.merge(fields) { $1 }
        let response = try await admin.post("/api/v1/devices", .object(body))
        guard response.status == 201, let id = response.json["id"].string, let key = response.json["api_key"].string
        else { throw UnexpectedAnswer(response: response) }
        return TestDevice(
            id: id, key: key, organization: self, client: server.client.authorized(key), answer: response)
    }
}

struct TestDevice: Sendable {
    let id: String
    let key: String
    let organization: TestOrganization
    /// With the device's key.
    let client: TestHTTPClient
    /// To its registration.
    let answer: TestHTTPResponse

    var path: String { "/api/v1/devices/\(id)" }

    /// The device as people see it.
    func shown() async throws -> JSONValue { try await organization.admin.get(path).json }

    /// Queues a command, and returns its id.
    func queue(_ type: String = "blink", _ fields: [String: JSONValue] = [:]) async throws -> String {
        var body: [String: JSONValue] = ["command_type": .string(type)]
        body.merge(fields) { $1 }
        let response = try await organization.admin.post("\(path)/commands", .object(body))
        guard response.status == 201, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return id
    }

    /// The ids of what a poll hands out.
    func poll(_ query: String = "") async throws -> [String] {
        let response = try await client.get("\(path)/commands\(query)")
        guard response.status == 200, let items = response.json["items"].array else {
            throw UnexpectedAnswer(response: response)
        }
        return items.compactMap(\.["id"].string)
    }

    func report(_ command: String, _ status: String) async throws -> TestHTTPResponse {
        try await client.put("\(path)/commands/\(command)", ["status": .string(status)])
    }
}

struct UnexpectedAnswer: Error {
    let response: TestHTTPResponse
}
