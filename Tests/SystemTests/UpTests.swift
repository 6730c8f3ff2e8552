import Foundation
import LocalStack
import TestKit
import Testing

/// `lms up`, as somebody types it who tries the system.
struct UpTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/lms-up-" + UUID().uuidString

    @Test func `Ctrl-C stops everything in order, and the demo account is the same one the next time`() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try await demoAccount(inRun: 1)
        let second = try await demoAccount(inRun: 2)
        #expect(first["email"] == "demo@example.com")
        #expect(second == first)
    }

    /// Starts everything, signs in with what the frame says, and presses Ctrl-C.
    ///
    /// - Returns: Whom the gateway takes the demo account for.
    private func demoAccount(inRun number: Int) async throws -> JSONValue {
        let log = "\(folder)/up-\(number).log"
        let port = try #require((20_000...31_999).shuffled().first(where: isLoopbackPortFree))
        let up = try await ChildProcess.start(
            Command(
                SystemInstallation.binaries + "/lms",
                ["up", "--data-dir", folder + "/state", "--port", "\(port)", "--devices", "1"],
                environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"], log: log))
        let (email, password) = try await eventually(within: .seconds(120)) {
            try login(inFrameOf: String(contentsOfFile: log, encoding: .utf8))
        }
        let client = TestHTTPClient(port: port)
        let session = try await client.post(
            "/api/v1/auth/login", ["email": .string(email), "password": .string(password)])
        #expect(session.status == 200, "\(session)")

        await up.send(.interrupt)
        #expect(await up.waitForExit(within: .seconds(60)) == .exited(code: 0))
        let said = try String(contentsOfFile: log, encoding: .utf8)
        #expect(said.contains("Stopping …\n") && !said.contains("Stopping at once"))
        #expect(said.hasSuffix("Stopped. The data are kept in \(folder)/state.\n"))
        #expect(isLoopbackPortFree(port))
        return session.json["user"]
    }

    private func login(inFrameOf text: String) -> (email: String, password: String)? {
        guard let email = text.firstMatch(of: /Email +(\S+)/), let password = text.firstMatch(of: /Password +(\S+)/)
        else { return nil }
        return (String(email.1), String(password.1))
    }
}
