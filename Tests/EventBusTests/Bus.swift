import Foundation
import Kernel
import Logging
import Postgres
import Redis
import TestKit

@testable import EventBus

/// The clients of two services, on servers of the tests' own.
struct Bus: Sendable {
    let devices: PostgresClient
    let billing: PostgresClient
    let redis: RedisClient
    let administrator: PostgresConfiguration
    let outbox = Outbox(source: .devices)

    /// Commits an event of the devices service, and lets its relay know.
    func tell(_ subject: String, version: Int = 1) async throws -> Event {
        let event = try Event(
            source: .devices, type: "device.updated", subject: subject, subjectVersion: version,
            organizationID: UUID.v7(), data: ["n": version])
        _ = try await devices.query(outbox.append(event))
        outbox.wake()
        return event
    }

    /// What the stream of the devices service holds.
    func published() async throws -> [Event] {
        try await redis.xrange(StreamName.events(.devices), count: 10_000).map { try Event(json: $0["event"] ?? []) }
    }

    /// Waits until its outbox is empty.
    func waitUntilAllIsRelayed() async throws {
        try await eventually(within: .seconds(30)) {
            try await devices.query("SELECT id FROM core.outbox", as: .platform).isEmpty
        }
    }

    /// Puts an event into the stream of the devices service, as a relay would.
    @discardableResult
    func publish(_ subject: String) async throws -> StreamID {
        try await redis.xadd(StreamName.events(.devices), [("event", Self.event(about: subject).json)])
    }

    /// Puts several there in one go.
    func publish(_ subjects: [String]) async throws {
        _ = try await redis.pipeline(
            subjects.map { .xadd(StreamName.events(.devices), [("event", try Self.event(about: $0).json)]) })
    }

    private static func event(about subject: String) throws -> Event {
        try Event(source: .devices, type: "x", subject: subject, subjectVersion: 1, organizationID: nil, data: 1)
    }
}

/// The clients for the length of `body`, beside whatever `body` runs in the group.
///
/// - Parameters:
///   - servers: The servers to use instead of those that tests share.
///   - tables: Statements that make tables of the billing service.
func withBus(
    on servers: TestServers? = nil, tables: [SQL] = [],
    _ body: @Sendable (Bus, inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
) async throws {
    let database = try await TestDatabase.make(on: servers)
    if !tables.isEmpty {
        try await withClient(database.ownerConfiguration(.billing)) { _ = try await $0.batch(tables) }
    }
    let bus = Bus(
        devices: PostgresClient(database.configuration(.devices)),
        billing: PostgresClient(database.configuration(.billing)),
        redis: RedisClient(try RedisConfiguration(url: database.redisURL)), administrator: database.administrator)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await bus.devices.run() }
        group.addTask { await bus.billing.run() }
        group.addTask { await bus.redis.run() }
        defer { group.cancelAll() }
        try await bus.redis.waitUntilConnected()
        try await body(bus, &group)
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
