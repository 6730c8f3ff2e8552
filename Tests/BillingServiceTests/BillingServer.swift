import EventBus
import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres
import Redis
import ServiceKit
import TestKit

@testable import BillingService

/// The service, built as `main` builds it, with a database and a Redis of its own.
struct BillingServer: Sendable {
    let http: HTTPApplication
    let database: TestDatabase
    let port: Int
    let redis: RedisClient

    /// The one that all tests share.
    static func shared() async throws -> BillingServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start() }

    /// Starts an instance with a database of its own, which runs as long as the process.
    ///
    /// - Parameter settings: Such as who stands in for other services.
    static func start(settings: [String: String] = [:]) async throws -> BillingServer {
        let database = try await TestDatabase.make(migrations: [.billing: BillingService.description.migrations!])
        let environment = try await database.environment(
            for: .billing, BillingService.description, settings: settings)
        let (http, services) = try await BillingService.build(environment)
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let client = ClientService("test redis") { await redis.run() }
        _ = RunningServices(services + [client], logger: environment.logger)
        let server = BillingServer(http: http, database: database, port: try await http.port(), redis: redis)
        try await eventually { try await server.anonymous.get("/readyz").status == 200 }
        try await redis.waitUntilConnected()
        return server
    }

    /// A client without credentials.
    var anonymous: TestHTTPClient { TestHTTPClient(port: port) }

    func client(in organization: UUID?, as role: Role?) async throws -> TestHTTPClient {
        anonymous.authorized(try await TestIssuer.shared().token(in: organization, as: role))
    }

    /// Announces facts as the services they come from do, and waits until all have been applied.
    func publish(_ events: Event...) async throws {
        for event in events {
            _ = try await redis.xadd(StreamName.events(event.source), [("event", event.json)])
        }
        for stream in Set(events.map { StreamName.events($0.source) }) {
            try await eventually {
                let group = try await redis.xinfoGroups(stream).first { $0.name == "billing" }
                return group?.pending == 0 && group?.lag == 0
            }
        }
    }

    /// The events of an organization so far.
    func events(about organization: UUID) async throws -> [Event] {
        try await redis.xrange(StreamName.events(.billing), count: 10_000)
            .compactMap { try $0["event"].map(Event.init(json:)) }.filter { $0.organizationID == organization }
    }

    /// Today's usage.
    func today(_ organization: UUID) async throws -> JSONValue {
        let usage = try await client(in: organization, as: .viewer).get("/api/v1/billing/usage")
        return usage.json["items"].array?.last ?? .null
    }
}

extension Event {
    static func organization(
        _ change: String, _ id: UUID, name: String = "Lab", version: Int = 1
    ) throws -> Event {
        try Event(
            source: .auth, type: "organization.\(change)", subject: id.text, subjectVersion: version,
            organizationID: id,
            data: ["organization_id": id.text, "name": name, "owner_id": UUID.v7().text])
    }

    static func device(_ change: String, _ id: UUID, of organization: UUID) throws -> Event {
        try Event(
            source: .devices, type: "device.\(change)", subject: id.text, subjectVersion: 1,
            organizationID: organization, data: ["id": id.text, "organization_id": organization.text])
    }

    /// What batches, by their ids, have stored of each organization.
    static func usage(_ batches: KeyValuePairs<Int, [UUID: Int]>) throws -> Event {
        let data = batches.map { id, readings -> JSONValue in
            let counts = readings.map { organization, count -> JSONValue in
                ["organization_id": .string(organization.text), "readings": .number(Double(count))]
            }
            return ["id": .number(Double(id)), "organizations": .array(counts)]
        }
        return try Event(
            source: .readings, type: "usage.recorded", subject: "\(batches[0].key)", subjectVersion: 1,
            organizationID: nil, data: ["batches": .array(data)] as JSONValue)
    }

    static func counted(_ type: String, by source: Service, _ organization: UUID) throws -> Event {
        try Event(
            source: source, type: type, subject: UUID.v7().text, subjectVersion: 1, organizationID: organization,
            data: ["organization_id": organization.text])
    }
}
