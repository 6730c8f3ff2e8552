import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AlertsService

/// What goes wrong with one partition, with instances of their own.
@Suite struct PartitionFailureTests {
    /// Two devices of different partitions.
    private func devices() -> (UUID, UUID) {
        let first = UUID.v7()
        var second = UUID.v7()
        while StreamName.telemetryPartition(of: first) == StreamName.telemetryPartition(of: second) { second = .v7() }
        return (first, second)
    }

    @Test func `what PostgreSQL refuses of one partition holds up no other, and is tried again`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let (refused, other) = devices()
        _ = try await laboratory.makeRule()
        try await server.run(
            "ALTER TABLE alerts.alerts ADD CONSTRAINT refusal CHECK (device_id <> '\(refused.text)')")
        try await laboratory.send(refused, [(1, 31)])
        try await laboratory.send(other, [(1, 31)])
        _ = try await laboratory.alert(other, status: "active")
        try await laboratory.send(other, [(2, 20)])
        _ = try await laboratory.alert(other, status: "resolved")
        #expect(try await laboratory.alerts(refused).isEmpty)

        try await server.run("ALTER TABLE alerts.alerts DROP CONSTRAINT refusal")
        try await eventually(within: .seconds(30)) { try await laboratory.alerts(refused).count == 1 }
        try await laboratory.send(refused, [(2, 32)])
        _ = try await laboratory.alert(refused, status: "active", count: 2)
        try await server.running.stop()
    }

    @Test func `what waits in PostgreSQL for something of one partition holds up no other for long`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let (locked, other) = devices()
        func makeRule(for device: UUID) async throws -> String {
            try await laboratory.makeRule(["scope": ["device_ids": [.string(device.text)]]])
        }
        let rule = UUID(uuidString: try await makeRule(for: locked))
        _ = try await makeRule(for: other)
        try await withClient(server.database.administrator) { client in
            try await client.withTransaction { transaction in
                _ = try await transaction.query(
                    "SELECT id FROM alerts.rules WHERE id = \(rule) FOR UPDATE")
                try await laboratory.send(locked, [(1, 31)])
                try await laboratory.send(other, [(1, 31)])
                try await eventually(within: .seconds(20)) { try await laboratory.alerts(other).count == 1 }
                #expect(try await laboratory.alerts(locked).isEmpty)
            }
        }
        try await eventually(within: .seconds(30)) { try await laboratory.alerts(locked).count == 1 }
        try await server.running.stop()
    }

    @Test func `a read that fails while rules change loses no change for a device that is silent`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let device = try await laboratory.register()
        try await laboratory.tell(battery: 9, of: device)
        func makeRule(isEnabled: Bool) async throws -> UUID? {
            UUID(
                uuidString: try await laboratory.makeRule([
                    "kind": "battery_low", "sensor_type": nil, "condition": nil, "threshold_value": 10,
                    "enabled": .bool(isEnabled),
                ]))
        }
        _ = try await makeRule(isEnabled: true)
        // The device is in memory by now, and nothing more comes of it.
        _ = try await laboratory.alert(device, status: "active")
        let rule = try await makeRule(isEnabled: false)
        try await withClient(server.database.administrator) { client in
            try await client.withTransaction { transaction in
                _ = try await transaction.query("LOCK TABLE alerts.alerts IN ACCESS EXCLUSIVE MODE")
                _ = try await client.query("UPDATE alerts.rules SET enabled = true WHERE id = \(rule)")
                try await self.tellOfChanges(laboratory, device)
                // The rules have been read by then, and what stands is waited for.
                try await eventually {
                    let ended = try await client.query(
                        """
                        SELECT query LIKE '%SELECT rule_id, device_id, sensor_type, id FROM alerts.alerts%',
                            pg_terminate_backend(pid)
                        FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """)
                    return try ended.contains { try $0.decode(Bool.self, at: 0) }
                }
            }
        }
        try await eventually(within: .seconds(30)) { try await laboratory.alerts(device).count == 2 }
        try await server.running.stop()
    }

    /// Tells, with one step, that an organization's rules have changed and what stands in a device's partition.
    private func tellOfChanges(_ laboratory: Laboratory, _ device: UUID) async throws {
        _ = try await laboratory.server.redis.send(
            RedisCommand(
                "EVAL", "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[2])", "2",
                "lms:alerts:rules:\(laboratory.organization.text)",
                "lms:alerts:standing:\(StreamName.telemetryPartition(of: device))"))
    }

    @Test func `who has lost one partition goes on with the others, and takes it again when it is free`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let (lost, kept) = devices()
        _ = try await laboratory.makeRule()
        // Both are held by now.
        for device in [lost, kept] {
            try await laboratory.send(device, [(1, 20)])
            try await laboratory.settle(device)
        }
        let partition = Int32(StreamName.telemetryPartition(of: lost))
        _ = try await server.query("UPDATE alerts.checkpoints SET epoch = epoch + 1 WHERE partition = \(partition)")
        for device in [lost, kept] { try await laboratory.send(device, [(2, 31)]) }
        _ = try await laboratory.alert(kept, status: "active")
        try await eventually(within: .seconds(30)) { try await laboratory.alerts(lost).count == 1 }
        try await server.running.stop()
    }
}

extension AlertsServer {
    /// Runs a statement that takes no parameters, as the database's administrator.
    fileprivate func run(_ statement: String) async throws {
        try await withClient(database.administrator) { try await $0.run(statement: statement) }
    }
}
