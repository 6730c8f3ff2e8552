import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit

@testable import ReadingsService

/// The readings service, and devices whose keys it knows.
struct ReadingsServer: Sendable {
    let service: TestService

    /// The instance that all tests share.
    static func shared() async throws -> ReadingsServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start(on: try await makeDatabase()) }

    static func makeDatabase(on servers: TestServers? = nil) async throws -> TestDatabase {
        try await TestDatabase.make(migrations: [.readings: ReadingsService.description.migrations!], on: servers)
    }

    /// Starts an instance, which runs as long as the process.
    ///
    /// - Parameters:
    ///   - devices: What stands in for the devices service; by default it has nothing and answers no question, so that what
    ///     the projection does not know is unknown.
    ///   - billing: What stands in for billing; by default it has nothing to tell.
    ///   - settings: Further ones.
    ///   - answers: How long expensive answers are kept; by default not at all, so that a test sees what it has just done.
    static func start(
        on database: TestDatabase, devices: TestOwner? = nil, billing: TestOwner? = nil,
        settings: [String: String] = [:],
        keepingAnswersFor answers: Duration = .zero
    ) async throws -> ReadingsServer {
        let owner = if let devices { devices } else { try await TestOwner.start { _ in (500, "{}") } }
        var settings = settings
        settings["LMS_DEVICES_URL"] = owner.url
        if let billing { settings["LMS_BILLING_URL"] = billing.url }
        return ReadingsServer(
            service: try await TestService.start(
                .readings, ReadingsService.description, on: database, settings: settings
            ) { try await ReadingsService.build($0, keepingAnswersFor: answers) })
    }

    /// Waits until billing has been told what a batch stored: the readings of each organization, and the event.
    func usage(ofBatch id: Int64) async throws -> (event: Event, readings: [String: Int]) {
        try await eventually {
            for entry in try await service.redis.xrange(StreamName.events(.readings), count: 100_000) {
                let event = try Event(json: entry["event"] ?? [])
                guard event.type == "usage.recorded" else { continue }
                let batches = try event.decode(JSONValue.self)["batches"].array ?? []
                guard let batch = batches.first(where: { $0["id"].int == Int(id) }) else { continue }
                let counts = (batch["organizations"].array ?? []).compactMap { count in
                    count["organization_id"].string.flatMap { name in count["readings"].int.map { (name, $0) } }
                }
                return (event, Dictionary(uniqueKeysWithValues: counts))
            }
            return nil
        }
    }

    /// A device with a key, as the events of the devices service would have made it.
    func device(
        of organization: UUID = UUID.v7(), project: UUID? = nil, expiresAt: Timestamp? = nil
    ) async throws -> TestDevice {
        let device = UUID.v7()
        let key = SecretToken(.deviceKey)
        try await service.query(
            """
            WITH device AS (
                INSERT INTO readings.devices (id, organization_id, project_id, version)
                VALUES (\(device), \(organization), \(project), 1))
            INSERT INTO readings.keys (key_hash, device_id, organization_id, expires_at)
            VALUES (\(key.hash.bytes), \(device), \(organization), \(expiresAt))
            """)
        return TestDevice(
            id: device, organization: organization, key: key.secret, keyHash: key.hash, server: self,
            client: service.client.authorized(key.secret))
    }
}

struct TestDevice: Sendable {
    let id: UUID
    let organization: UUID
    let key: String
    let keyHash: SecretHash
    let server: ReadingsServer
    /// With the device's key.
    let client: TestHTTPClient

    var path: String { "/api/v1/devices/\(id.text)/readings" }

    func send(_ readings: JSONValue...) async throws -> TestHTTPResponse {
        try await client.post(path, ["readings": .array(readings)])
    }

    /// What is stored, oldest first.
    func stored() async throws -> [(sensor: String, value: Double?, time: Timestamp)] {
        try await server.service.query(
            """
            SELECT s.sensor_type, r.value, r.time FROM readings.series AS s
            JOIN readings.readings AS r ON r.series_id = s.id WHERE s.device_id = \(id) ORDER BY r.time, s.sensor_type
            """
        ).map { try $0.decode(String.self, Double?.self, Timestamp.self) }
    }
}
