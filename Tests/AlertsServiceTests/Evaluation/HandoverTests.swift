import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// Several instances on one database and one Redis.
@Suite struct HandoverTests {
    @Test func `instances share the partitions and take over where another stopped`() async throws {
        let database = try await AlertsServer.makeDatabase()
        let first = try await AlertsServer.start(on: database)
        let laboratory = first.laboratory()
        try await eventually { try await holders(first).values.reduce(0, +) == 16 }
        let second = try await AlertsServer.start(on: database)
        try await eventually { try await holders(first).values.sorted() == [8, 8] }

        // Devices of every partition raise an alert each, whoever holds it.
        _ = try await laboratory.makeRule()
        let devices = (0..<32).map { _ in UUID.v7() }
        for device in devices { try await laboratory.send(device, [(1, 31)]) }
        for device in devices { _ = try await laboratory.alert(device, status: "active") }

        try await first.running.stop()
        try await eventually { try await holders(second).values.sorted() == [16] }
        let heir = Laboratory(server: second, organization: laboratory.organization)
        for device in devices { try await heir.send(device, [(1, 20), (2, 20)]) }
        for device in devices {
            _ = try await heir.alert(device, status: "resolved")
            #expect(try await heir.alerts(device).count == 1)
        }
        try await second.running.stop()
    }

    @Test func `who has lost a partition stores nothing`() async throws {
        try await TestDatabase.with(migrations: [.alerts: AlertsService.description.migrations!]) { database in
            try await withClient(database.configuration(.alerts)) { client in
                let store = EvaluationStore(database: client, outbox: .init(source: .alerts))
                let mine = try await store.claim([3, 4])
                let theirs = try await store.claim([4])
                #expect(mine[3]?.position == .zero)
                await #expect(throws: PartitionLost.self) {
                    try await client.withTransaction(as: .platform) { try await store.advance(mine, $0) }
                }
                var moved = theirs
                moved[4]?.position = .init(milliseconds: 7)
                try await client.withTransaction(as: .platform) { [moved] in try await store.advance(moved, $0) }
                #expect(try await store.claim([4])[4]?.position == .init(milliseconds: 7))
            }
        }
    }

    @Test func `a partition's stream says how far it has been evaluated, so that it is trimmed no further`()
        async throws
    {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        let stream = StreamName.telemetry(StreamName.telemetryPartition(of: device))
        let redis = laboratory.server.redis
        try await laboratory.send(device, [(1, 20)])
        let sent = try await redis.xlast(stream)
        try await eventually {
            try await redis.xinfoGroups(stream).contains { $0.name == "alerts" && $0.lastDelivered >= sent }
        }
    }

    /// How many partitions each instance holds.
    private func holders(_ server: AlertsServer) async throws -> [String: Int] {
        let leases = try await server.redis.mget((0..<16).map { "lms:alerts:lease:\($0)" })
        let names = leases.compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
        return Dictionary(grouping: names) { $0 }.mapValues(\.count)
    }
}
