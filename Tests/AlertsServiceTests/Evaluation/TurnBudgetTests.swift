import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AlertsService

/// What comes about at once is stored in transactions that are short, and what time it is in a stream is known only at its
/// end.
@Suite struct TurnBudgetTests {
    /// A server of its own, whose alerts nobody else's are among.
    private func withServer(_ body: (AlertsServer) async throws -> Void) async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        try await body(server)
        try await server.running.stop()
    }

    /// Waits until so many alerts have begun and ended.
    private func waitForSteps(_ count: Int, _ server: AlertsServer) async throws {
        try await eventually {
            try await server.query("SELECT count(*) FROM alerts.alert_events")[0].decode(Int.self) == count
        }
    }

    /// How many steps of alerts were stored in one transaction at most.
    private func most(_ server: AlertsServer) async throws -> Int {
        try await server.query(
            "SELECT max(stored) FROM (SELECT count(*) AS stored FROM alerts.alert_events GROUP BY xmin::text) AS t"
        )[0].decode(Int.self)
    }

    @Test func `a rule that finds many devices at once is stored bit by bit`() async throws {
        try await withServer { server in
            let laboratory = server.laboratory()
            let count = 600
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
            let seconds = 600
            var readings: [(device: UUID, second: Int64, value: Double)] = []
            for second in 0..<Int64(seconds) {
                let time = now - Int64(seconds) + second
                if second.isMultiple(of: 40) { readings.append((steady, time, 20)) }
                readings.append((busy, time, second.isMultiple(of: 2) ? 31 : 20))
            }
            try await laboratory.sendAsOf(readings)
            try await waitForSteps(seconds, server)
            #expect(try await server.query("SELECT FROM alerts.alerts WHERE message NOT LIKE '%above%'").isEmpty)
        }
    }
}
