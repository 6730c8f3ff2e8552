import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AlertsService

/// What comes about at once is stored in transactions that are short, and what time it is in a stream is known only at its
/// end. One after the other, as each keeps PostgreSQL busy.
@Suite(.serialized) struct TurnBudgetTests {
    /// A server of its own, whose alerts nobody else's are among.
    private func withServer(_ body: (AlertsServer) async throws -> Void) async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        try await body(server)
        try await server.running.stop()
    }

    /// Waits until so many alerts have begun and ended.
    private func waitForSteps(_ count: Int, _ server: AlertsServer) async throws {
        try await eventually(within: .seconds(120)) {
            try await server.query("SELECT count(*) FROM alerts.alert_events")[0].decode(Int.self) == count
        }
    }

    /// How many steps of alerts were stored in one transaction at most.
    private func most(_ server: AlertsServer) async throws -> Int {
        try await server.query(
            "SELECT max(stored) FROM (SELECT count(*) AS stored FROM alerts.alert_events GROUP BY xmin::text) AS t"
        )[0].decode(Int.self)
    }

    @Test func `of many alerts that come about at once few are stored in a transaction, and all in the end`()
        async throws
    {
        try await withServer { server in
            let laboratory = server.laboratory()
            _ = try await laboratory.makeRule()
            let devices = (0..<8).map { _ in UUID.v7() }
            let crossings = 100
            try await laboratory.sendAtOnce(
                (0..<Int64(2 * crossings)).flatMap { second in
                    devices.map { ($0, [(second, second.isMultiple(of: 2) ? 31 : 20)]) }
                })
            try await waitForSteps(2 * crossings * devices.count, server)
            // What the last entries bring comes on top, one of each device's partition.
            #expect(try await most(server) <= EvaluationEngine.changesPerTurn + devices.count)
            let ended = try await server.query(
                "SELECT count(*) FROM alerts.alerts WHERE status = 'resolved' AND count = 1")
            #expect(try ended[0].decode(Int.self, at: 0) == crossings * devices.count)
        }
    }

    @Test func `a rule that finds many devices at once is stored bit by bit`() async throws {
        try await withServer { server in
            let laboratory = server.laboratory()
            let count = 400
            _ = try await server.query(
                """
                INSERT INTO alerts.devices (id, organization_id, name, tags, version, battery_level, battery_at)
                SELECT gen_random_uuid(), \(laboratory.organization), 'Fridge', '{}', 1, 5, now()
                FROM generate_series(1, \(count))
                """)
            let answer = try await laboratory.client(.admin).post(
                "/api/v1/alerts/rules",
                [
                    "name": "Empty", "kind": "battery_low", "scope": ["all": true], "threshold_value": 10,
                    "severity": "low",
                ])
            #expect(answer.status == 201, "\(answer)")
            try await waitForSteps(count, server)
            #expect(try await most(server) <= EvaluationEngine.changesPerTurn)
        }
    }

    @Test func `silence is found by nobody who has yet to read what came meanwhile`() async throws {
        try await withServer { server in
            let laboratory = server.laboratory()
            _ = try await laboratory.makeRule()
            let silence = try await laboratory.client(.admin).post(
                "/api/v1/alerts/rules",
                [
                    "name": "Silent", "kind": "no_data", "sensor_type": "temperature", "window_s": 120,
                    "scope": ["all": true], "severity": "low",
                ])
            #expect(silence.status == 201, "\(silence)")
            let steady = UUID.v7()
            // One of the same partition, so that its alerts keep those from being read that come behind.
            let busy = try #require(
                (0..<1000).lazy.map { _ in UUID.v7() }.first {
                    StreamName.telemetryPartition(of: $0) == StreamName.telemetryPartition(of: steady)
                })
            let now = Timestamp.now.microseconds / 1_000_000
            // More than a turn takes, by more than the window.
            let count = 320
            var readings: [(device: UUID, second: Int64, value: Double)] = []
            for index in 0..<count {
                let time = now - 3 * Int64(count - 1 - index)
                readings.append((busy, time, index.isMultiple(of: 2) ? 31 : 20))
                if index.isMultiple(of: 30) || index == count - 1 { readings.append((steady, time, 20)) }
            }
            try await laboratory.sendAsOf(readings)
            try await waitForSteps(count, server)
            #expect(try await server.query("SELECT FROM alerts.alerts WHERE message NOT LIKE '%above%'").isEmpty)
        }
    }
}
