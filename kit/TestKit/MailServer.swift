import Foundation
import LocalStack

/// A mail server that others have written, `aiosmtpd` from PyPI, in a process of its own.
///
/// It takes every letter but those to `nobody@`, which it refuses for good (550), and to `busy@`, which it refuses for
/// now (451), and to `closed@`, as one that is overloaded (421); within one to `cut@` it hangs up, and behind one to
/// `drop@`, without saying whether it has taken it.
public struct MailServer: Sendable {
    /// What the server says of a letter that it took.
    public struct Letter: Decodable, Sendable {
        public let sender: String
        public let recipients: [String]
        public let headerFrom: String
        public let subject: String
        public let id: String
        public let date: String
        public let text: String
        public let html: String?
        public let isSecure: Bool
        public let user: String?
    }

    public let port: Int
    private let log: String
    /// Kept, so that it is not forgotten while it runs.
    private let process: ChildProcess

    /// Starts one on a port of its own.
    ///
    /// - Parameter options: Those of `smtp_server.py` beside the port.
    /// - Throws: `LocalStackError`; ``TimedOut`` when it does not come up.
    public static func start(_ options: [String] = []) async throws -> MailServer {
        let python = try await PythonEnvironment.python(with: ["aiosmtpd==1.4.6"], name: "smtp")
        let script = URL(filePath: #filePath).appending(path: "../smtp_server.py").standardized.path
        let log = FileManager.default.temporaryDirectory.appending(path: "lms-smtp-\(UUID().uuidString).log").path
        let ports = 20_000...31_999
        guard let port = ports.shuffled().first(where: isLoopbackPortFree) else {
            throw LocalStackError.noFreePort(ports)
        }
        let process = try await ChildProcess.start(
            Command(
                python, [script, "--port", String(port)] + options, environment: ["PATH": "/usr/bin:/bin"],
                deathSignal: .kill, log: log))
        let server = MailServer(port: port, log: log, process: process)
        try await eventually(within: .seconds(30)) { server.lines.contains { $0.contains("ready") } }
        return server
    }

    /// The letters taken so far.
    ///
    /// - Throws: `DecodingError`.
    public func letters() throws -> [Letter] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines.filter { $0.contains("\"sender\"") }.map {
            try decoder.decode(Letter.self, from: Data($0.utf8))
        }
    }

    /// Whether somebody has shown a password.
    public var hasSeenPassword: Bool { lines.contains { $0.contains("tried_password") } }

    /// Ends it.
    ///
    /// - Throws: when its log cannot be removed.
    public func stop() async throws {
        await process.send(.kill)
        try FileManager.default.removeItem(atPath: log)
    }

    private var lines: [String] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
