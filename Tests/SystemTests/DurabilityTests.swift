import Foundation
import LocalStack
import Synchronization
import TestKit
import Testing

/// A reading that was answered 201 is in the table, once, whatever is killed.
@Suite(.serialized) struct DurabilityTests {
    /// Sends readings until told to stop, each again until it is answered; what was answered 201 is noted.
    private final class Load: Sendable {
        private let state = Mutex((acknowledged: Set<String>(), unavailable: 0, isStopped: false))

        var acknowledged: Set<String> { state.withLock(\.acknowledged) }
        var unavailable: Int { state.withLock(\.unavailable) }

        func stop() { state.withLock { $0.isStopped = true } }
        private var isStopped: Bool { state.withLock(\.isStopped) }

        /// One device, which numbers its readings by their time and value.
        func run(_ device: Device, _ number: Int) async {
            var request = 0
            while !isStopped, request < 20_000 {
                let first = 1_790_000_000 + request * 5
                let readings = (0..<5).map { index -> JSONValue in
                    [
                        "sensor_type": "t", "value": .number(Double(first + index)),
                        "timestamp": .number(Double(first + index)),
                    ]
                }
                guard await isAcknowledged(readings, device) else { continue }
                state.withLock { state in
                    for index in 0..<5 { state.acknowledged.insert("\(number)/\(first + index)") }
                }
                request += 1
            }
        }

        private func isAcknowledged(_ readings: [JSONValue], _ device: Device) async -> Bool {
            let response = try? await device.send(readings)
            if response?.status == 201 { return true }
            state.withLock { $0.unavailable += 1 }
            if let response { #expect([502, 503, 504].contains(response.status), "\(response)") }
            // A device waits before it tries again; here the pause bounds the load.
            try? await Task.sleep(for: .milliseconds(20))
            return false
        }
    }

    private func withLoad(
        _ installation: SystemInstallation, devices count: Int = 8,
        _ disturb: @Sendable (Load) async throws -> Void
    ) async throws -> (load: Load, devices: [Device]) {
        let owner = try await installation.owner()
        var devices: [Device] = []
        for number in 0..<count { devices.append(try await owner.device("d\(number)")) }
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, device) in devices.enumerated() { group.addTask { await load.run(device, number) } }
            defer { load.stop() }
            try await disturb(load)
            load.stop()
        }
        return (load, devices)
    }

    /// Compares what was acknowledged with the table, row by row.
    private func check(_ load: Load, _ devices: [Device], in installation: SystemInstallation) async throws {
        let rows = try await installation.query(
            """
            SELECT s.device_id::text, r.value, extract(epoch FROM r.time)::float8
            FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
            WHERE s.device_id = ANY(\(devices.compactMap { UUID(uuidString: $0.id) }))
            """)
        var stored: Set<String> = []
        let numbers = Dictionary(uniqueKeysWithValues: devices.enumerated().map { ($0.element.id, $0.offset) })
        for row in rows {
            let (device, value, time) = try row.decode(String.self, Double.self, Double.self)
            #expect(value == time)
            let isNew = stored.insert("\(numbers[device] ?? -1)/\(Int(value))").inserted
            #expect(isNew, "\(device) \(value) is there twice")
        }
        #expect(load.acknowledged.count > 100)
        #expect(load.acknowledged.subtracting(stored).isEmpty, "acknowledged, and not in the table")
    }

    private func waitForProgress(_ load: Load, by count: Int) async throws {
        let start = load.acknowledged.count
        try await eventually(within: .seconds(60)) { load.acknowledged.count >= start + count }
    }

    @Test func `readings and then PostgreSQL are killed in the middle of a load, and nothing acknowledged is missing`()
        async throws
    {
        let installation = try await SystemInstallation.start()
        let readings = try #require(installation.stack.services[.readings])
        let postgres = try #require(installation.stack.servers.first)
        let (load, devices) = try await withLoad(installation) { load in
            try await waitForProgress(load, by: 200)
            await readings.kill()
            try await waitForProgress(load, by: 200)
            await postgres.kill()
            try await waitForProgress(load, by: 200)
        }
        #expect(load.unavailable > 0)
        try await check(load, devices, in: installation)
        // Everything that was committed is published in the end, and counted once.
        try await eventually(within: .seconds(60)) {
            try await installation.query("SELECT 1 FROM readings.batches").isEmpty
        }
        let stored = try await installation.query("SELECT count(*) FROM readings.readings")[0].decode(Int.self, at: 0)
        try await eventually(within: .seconds(30)) {
            let counted = try await installation.query(
                "SELECT coalesce(sum(readings), 0)::int8 FROM billing.usage_daily")[0].decode(Int.self, at: 0)
            return counted == stored
        }
        await installation.stack.stop()
    }

    @Test func `Redis is killed in the middle of a load: readings are taken, and told of when it is back`() async throws
    {
        let installation = try await SystemInstallation.start()
        let redis = try #require(installation.stack.servers.last)
        let (load, devices) = try await withLoad(installation) { load in
            try await waitForProgress(load, by: 200)
            await redis.kill()
            try await waitForProgress(load, by: 200)
        }
        try await check(load, devices, in: installation)
        try await eventually(within: .seconds(60)) {
            try await installation.query("SELECT 1 FROM readings.batches").isEmpty
        }
        try await eventually(within: .seconds(30)) {
            try await installation.client.get("/api/v1/system/health").status == 200
        }
        await installation.stack.stop()
    }
}
