import Foundation
import LocalStack
import TestKit
import Testing

@testable import Outbound

/// A mail server that others have written, `aiosmtpd` from PyPI, in a process of its own.
struct MailServer: Sendable {
    /// What the server says of a letter that it took.
    struct Letter: Decodable, Sendable {
        let sender: String
        let recipients: [String]
        let headerFrom: String
        let subject: String
        let id: String
        let date: String
        let text: String
        let isSecure: Bool
        let user: String?
    }

    let port: Int
    private let log: String
    /// Kept, so that it is not forgotten while it runs.
    private let process: ChildProcess

    static func start(_ options: [String] = []) async throws -> MailServer {
        let python = try await PythonEnvironment.python(with: ["aiosmtpd==1.4.6"], name: "smtp")
        let script = URL(filePath: #filePath).appending(path: "../smtp_server.py").standardized.path
        let log = FileManager.default.temporaryDirectory.appending(path: "lms-smtp-\(UUID().uuidString).log").path
        let free = (0..<100).lazy.map { _ in Int.random(in: 20_000...31_999) }.first { isLoopbackPortFree($0) }
        let port = try #require(free)
        let process = try await ChildProcess.start(
            Command(
                python, [script, "--port", String(port)] + options, environment: ["PATH": "/usr/bin:/bin"],
                deathSignal: .kill, log: log))
        let server = MailServer(port: port, log: log, process: process)
        try await eventually(within: .seconds(30)) { server.lines.contains { $0.contains("ready") } }
        return server
    }

    /// The letters taken so far.
    func letters() throws -> [Letter] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines.filter { $0.contains("\"sender\"") }.map {
            try decoder.decode(Letter.self, from: Data($0.utf8))
        }
    }

    /// Whether somebody has shown a password.
    var hasSeenPassword: Bool { lines.contains { $0.contains("tried_password") } }

    func stop() async throws {
        await process.send(.kill)
        try FileManager.default.removeItem(atPath: log)
    }

    private var lines: [String] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}

/// A certificate for 127.0.0.1, and the authority that signed it: itself.
struct Certificate {
    let path: String
    let key: String

    static func make() async throws -> Certificate {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lms-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let certificate = Certificate(path: folder + "/certificate.pem", key: folder + "/key.pem")
        let options = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate.key, "-out",
            certificate.path,
        ]
        try await ChildProcess.run(
            Command("/usr/bin/openssl", options, environment: [:], log: folder + "/openssl.log"))
        return certificate
    }
}
