import Foundation
import LocalStack
import TestKit
import Testing

@testable import AuthService

/// A telephone reads the picture: a renderer and a reader that others have written.
@Suite struct QRCodeTests {
    /// The text of the code in a picture.
    private func read(_ picture: String) async throws -> String {
        let python = try await PythonEnvironment.python(
            with: ["resvg-py==0.5.0", "zxing-cpp==3.1.1", "pillow==13.0.0"], name: "qr")
        let script = URL(filePath: #filePath).appending(path: "../read_qr_code.py").standardized.path
        let path = FileManager.default.temporaryDirectory.appending(path: "lms-qr-\(UUID().uuidString)").path
        try picture.write(toFile: path + ".svg", atomically: true, encoding: .utf8)
        defer { for end in [".svg", ".txt"] { try? FileManager.default.removeItem(atPath: path + end) } }
        try await ChildProcess.run(
            Command(python, [script, path + ".svg"], environment: ["PATH": "/usr/bin:/bin"], log: path + ".txt"))
        return try String(contentsOfFile: path + ".txt", encoding: .utf8).trimmed
    }

    @Test func `the picture of a second factor says what its address says`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let enrolment = try await ada.api.post(
            "/api/v1/auth/two-factor", ["password": .string(Newcomer.password)])
        let picture = try #require(enrolment.json["qr_code"].string)
        #expect(try await read(picture) == enrolment.json["otpauth_url"].string)
    }

    @Test(arguments: ["a", "https://example.org/\u{FC}?q=1&r=2", String(repeating: "0123456789", count: 60)])
    func `a picture says its text`(text: String) async throws {
        #expect(try await read(try QRCode(text).svg) == text)
    }
}
