import EventBus
import FoundationEssentials
import Kernel
import Logging
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

    @Test(.timeLimit(.minutes(3)))
    func `while instances come and go every crossing begins and ends one alert`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        let database = try await AlertsServer.makeDatabase()
        var servers = [try await AlertsServer.start(on: database), try await AlertsServer.start(on: database)]
        let laboratory = servers[0].laboratory()
        _ = try await laboratory.makeRule()
        let devices = (0..<16).map { _ in UUID.v7() }
        let rounds = 12
        for round in 1...rounds {
            for device in devices {
                let start = Int64(round * 10)
                try await Laboratory(server: servers[0], organization: laboratory.organization)
                    .send(device, [(start, 31), (start + 1, 32)])
                try await Laboratory(server: servers[0], organization: laboratory.organization)
                    .send(device, [(start + 2, 20)])
            }
            guard round.isMultiple(of: 3) else { continue }
            servers.append(try await AlertsServer.start(on: database))
            let leaving = servers.remove(at: Int.random(in: 0..<servers.count - 1, using: &random))
            try await leaving.running.stop()
        }
        let last = Laboratory(server: servers[0], organization: laboratory.organization)
        try await eventually(within: .seconds(60)) {
            let rows = try await last.server.query(
                """
                SELECT count(*) FILTER (WHERE status = 'resolved' AND count = 2), count(*) FROM alerts.alerts
                WHERE organization_id = \(laboratory.organization)
                """)
            let (ended, all) = try #require(rows.first).decode(Int.self, Int.self)
            #expect(all <= rounds * devices.count, "seed \(seed)")
            return ended == rounds * devices.count
        }
        let steps = try await last.server.query(
            """
            SELECT event_type, count(*) FROM alerts.alert_events WHERE organization_id = \(laboratory.organization)
            GROUP BY event_type ORDER BY event_type
            """)
        #expect(
            try steps.map { try $0.decode(Int.self, at: 1) } == [rounds * devices.count, rounds * devices.count],
            "seed \(seed)")
        for server in servers { try await server.running.stop() }
    }

    @Test func `a device of which nothing can come is loaded when there is a reading of it`() async throws {
        let database = try await AlertsServer.makeDatabase()
        let first = try await AlertsServer.start(on: database)
        let laboratory = first.laboratory()
        let device = UUID.v7()
        _ = try await laboratory.makeRule(["cooldown_minutes": 60])
        try await laboratory.send(device, [(1, 31), (2, 20)])
        _ = try await laboratory.alert(device, status: "resolved")
        try await first.running.stop()
        let rows = try await first.query("SELECT is_watched FROM alerts.device_states WHERE device_id = \(device)")
        #expect(try !rows.only { try $0.decode(Bool.self) })

        let second = try await AlertsServer.start(on: database)
        let heir = Laboratory(server: second, organization: laboratory.organization)
        // It has not cooled down, and knows what was read.
        try await heir.send(device, [(2, 40), (3, 31), (4, 20)])
        try await heir.settle(device)
        #expect(try await heir.alerts(device).count == 1)
        try await second.running.stop()
    }

    @Test func `who has lost a partition stores nothing`() async throws {
        try await TestDatabase.with(migrations: [.alerts: AlertsService.description.migrations!]) { database in
            try await withClient(database.configuration(.alerts)) { client in
                let store = EvaluationStore(
                    database: client, outbox: .init(source: .alerts), logger: Logger(label: "test"))
                let mine = try await store.claim([3, 4])
                let theirs = try await store.claim([4])
                #expect(mine[3]?.position == .zero)
                await #expect(throws: PartitionLost.self) {
                    try await store.store(EvaluationTurn(checkpoints: mine), waitingForLocks: .seconds(1))
                }
                var moved = theirs
                moved[4]?.position = .init(milliseconds: 7)
                _ = try await store.store(EvaluationTurn(checkpoints: moved), waitingForLocks: .seconds(1))
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
        // States are stored every 16 s.
        try await eventually(within: .seconds(40)) {
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
