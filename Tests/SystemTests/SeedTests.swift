import Foundation
import LocalStack
import TestKit
import Testing

/// `lms seed`, as an operator types it.
struct SeedTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/lms-seed-" + UUID().uuidString

    @Test(.timeLimit(.minutes(10)))
    func `limits that an operator writes are those that services hold organizations to`() async throws {
        let installation = try await SystemInstallation.start()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let owner = try await installation.owner()
        _ = try await owner.device("First")

        let shown = folder + "/plans.yaml"
        #expect(try await installation.lms(["seed", "--show-plans"], log: shown).waitForExit().isSuccess)
        let plans = try String(contentsOfFile: shown, encoding: .utf8)
        #expect(plans.contains("devices: 1000\n"))
        #expect(plans.contains("requests_per_second: 5000\n"))
        let changed = folder + "/changed.yaml"
        try plans.replacing("devices: 1000\n", with: "devices: 1\n")
            .replacing("requests_per_second: 5000\n", with: "requests_per_second: 100\n")
            .write(toFile: changed, atomically: true, encoding: .utf8)
        #expect(try await installation.lms("seed", "--plans", changed).isSuccess)
        try await eventually(within: .seconds(20)) {
            try await owner.api.post("/api/v1/devices", ["name": "Second", "device_type": "esp32"]).status == 402
        }
        // Two seconds of the rate at once, as the gateway's file has it.
        try await eventually { try await owner.api.get("/api/v1/devices").header("ratelimit-limit") == "200" }

        let wrong = folder + "/wrong.yaml"
        try plans.replacing("devices: 1000\n", with: "devices: many\n").write(
            toFile: wrong, atomically: true, encoding: .utf8)
        let log = folder + "/log"
        let refused = try await installation.lms(["seed", "--plans", wrong], log: log).waitForExit()
        #expect(!refused.isSuccess)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("plans[0].limits.devices must be"))
    }

    @Test func `the demo laboratory is made once, whoever keeps its keys`() async throws {
        let installation = try await SystemInstallation.shared()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let email = "demo-\(UUID().uuidString.lowercased())@example.org"
        for run in 1...3 {
            // The third one knows nothing of the others.
            let seeded = try await installation.lms(
                "seed", "--demo", "--devices", "2", "--gateway", "http://127.0.0.1:\(installation.port)", "--email",
                email, "--password", Owner.password, "--data-dir", folder + (run == 3 ? "/other" : "/first"))
            #expect(seeded.isSuccess)
        }
        let session = try await installation.client.post(
            "/api/v1/auth/login", ["email": .string(email), "password": .string(Owner.password)])
        let api = installation.client.authorized(try #require(session.json["access_token"].string))
        #expect(
            try await Set(names(in: "/api/v1/devices", api)) == [
                "Simulated room 1", "Simulated room 2", "Server rack monitor (recorded)",
            ])
        #expect(try await names(in: "/api/v1/devices", api).count == 3)
        #expect(try await names(in: "/api/v1/alerts/rules", api) == ["Room too warm"])
        #expect(
            try await names(in: "/api/v1/commands/templates", api).sorted() == [
                "Identify", "Measure more or less often", "Restart",
            ])
    }

    private func names(in path: String, _ api: TestHTTPClient) async throws -> [String] {
        try await api.get(path).json["items"].array?.compactMap { $0["name"].string } ?? []
    }
}
