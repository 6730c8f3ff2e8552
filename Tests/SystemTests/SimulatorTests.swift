import Foundation
import LocalStack
import Postgres
import TestKit
import Testing

/// `lms simulate` at a real gateway.
struct SimulatorTests {
    private struct Sample {
        let time: Timestamp
        let value: Double
    }

    private static let replay = "Replay of lab.csv"

    @Test func `simulated rooms and a replayed recording send what they measured until they are told to stop`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let folder = FileManager.default.temporaryDirectory.path + "/lms-simulator-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let simulator = try await installation.lms(
            [
                "simulate", "--gateway", "http://127.0.0.1:\(installation.port)", "--token", owner.token, "--devices",
                "2", "--interval", "0.3", "--csv", Recorded.path, "--data-dir", folder,
            ], log: folder + "/log")
        // Long enough for the recording, a row a second, to show that it goes on.
        try await eventually(within: .seconds(60)) {
            try await samples(of: owner)[Self.replay]?["cpu_busy"]?.count ?? 0 >= 10
        }
        await simulator.send(.terminate)
        #expect(await simulator.waitForExit(within: .seconds(10)) == .exited(code: 0))

        let stored = try await samples(of: owner)
        let climate = ["co2", "humidity", "pressure", "temperature"]
        for room in ["Simulated room 1", "Simulated room 2"] {
            #expect(stored[room]?.keys.sorted() == climate)
            #expect(stored[room]?.values.allSatisfy { $0.count > 2 } == true)
            #expect(stored[room]?["temperature"]?.allSatisfy { (15...40).contains($0.value) } == true)
        }
        try checkReplay(try #require(stored[Self.replay]))
    }

    /// Every value is that of the row whose time had come.
    private func checkReplay(_ samples: [String: [Sample]]) throws {
        let recorded = try Recorded()
        #expect(Set(samples.keys) == Set(recorded.sensors))
        let start = try #require(samples.values.compactMap(\.first?.time).min())
        for (index, sensor) in recorded.sensors.enumerated() {
            for sample in samples[sensor] ?? [] {
                let elapsed = sample.time.since(start) / .seconds(1)
                let row = recorded.rows.last { $0.elapsed <= elapsed } ?? recorded.rows[0]
                #expect(sample.value == row.values[index], "\(sensor) after \(elapsed) s")
            }
        }
    }

    /// What is in the table, by the devices' names and the sensors.
    private func samples(of owner: Owner) async throws -> [String: [String: [Sample]]] {
        let rows = try await owner.installation.query(
            """
            SELECT d.name, s.sensor_type, r.time, r.value
            FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
            JOIN devices.devices AS d ON d.id = s.device_id
            WHERE d.organization_id = \(UUID(uuidString: owner.organization)) ORDER BY r.time
            """)
        var stored: [String: [String: [Sample]]] = [:]
        for row in rows {
            let (name, sensor, time, value) = try row.decode(String.self, String.self, Timestamp.self, Double.self)
            stored[name, default: [:]][sensor, default: []].append(Sample(time: time, value: value))
        }
        return stored
    }
}

/// The recording that comes with the tool, read without it.
private struct Recorded {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("tools/lms/Demo/lab.csv").path

    let sensors: [String]
    let rows: [(elapsed: Double, values: [Double])]

    init() throws {
        let lines = try String(contentsOfFile: Self.path, encoding: .utf8).split(separator: "\n")
        sensors = lines[0].split(separator: ",").dropFirst().compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        rows = lines.dropFirst().map { line in
            let numbers = line.split(separator: ",").compactMap { Double($0) }
            return (numbers[0], Array(numbers.dropFirst()))
        }
    }
}
