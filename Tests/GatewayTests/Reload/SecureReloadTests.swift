import Foundation
import TestKit
import Testing

@testable import Gateway

@Suite("The gateway's file, read again beside TLS", .timeLimit(.minutes(2)))
struct SecureReloadTests {
    private static func file(
        _ port: Int, _ files: TestCertificate, more: String = "", routes: String = ""
    ) -> TestFile {
        var file = TestFile(port: port)
        file.tls = files.settings(more)
        file.routes = "  - path: /version\n    answer: version\n    limit: none\n\(routes)"
        return file
    }

    private static func awaitConfiguration(_ number: Int, _ gateway: TestGateway) async throws {
        try await eventually { try await gateway.get("/version").json("configuration") as? Int == number }
    }

    /// The certificate that a new connection is shown.
    private static func certificate(_ gateway: TestGateway) async throws -> String {
        let seen = try await Command.run("/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(gateway.tlsPort)"])
        let lines = seen.output.split(separator: "\n")
        let begin = try #require(lines.firstIndex { $0.contains("BEGIN CERTIFICATE") })
        let end = try #require(lines.firstIndex { $0.contains("END CERTIFICATE") })
        return lines[begin...end].joined(separator: "\n")
    }

    @Test("Listener and certificate stay, connections live on, and their next request has the new routes")
    func connections() async throws {
        let log = RecordedLog()
        try await TestCertificate.with { files in
            try await RawServer.with(RawServer.echo) { server in
                let file = ChangingFile(Self.file(server.port, files))
                let first = try Self.file(server.port, files).load()
                try await TestGateway.with(first, reloads: file.reloads, log: log) { gateway in
                    let certificate = try await Self.certificate(gateway)
                    try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                        try await client.request(1, path: "/added")
                        #expect(try await client.response(1).status == 404)
                        let added = "  - path: /added\n    upstream: service\n"
                        file.replace(by: Self.file(server.port, files, routes: added))
                        try await Self.awaitConfiguration(2, gateway)
                        try await client.request(3, path: "/added")
                        let answer = try await client.response(3)
                        #expect(answer.status == 200 && answer.text.contains("/added"))
                    }
                    #expect(try await Self.certificate(gateway) == certificate)
                    #expect(!log.lines.contains { $0.metadata["setting"] != nil })
                }
            }
        }
    }

    @Test("Whoever comes without TLS is sent on from then on; other settings of TLS are named as left for a restart")
    func settings() async throws {
        let log = RecordedLog()
        try await TestCertificate.with { files in
            let file = ChangingFile(Self.file(1, files))
            try await TestGateway.with(Self.file(1, files).load(), reloads: file.reloads, log: log) { gateway in
                #expect(try await gateway.get("/version").status == 200)
                file.replace(by: Self.file(1, files, more: "      redirect: 443\n"))
                try await eventually { try await gateway.get("/version").status == 308 }
                #expect(!log.lines.contains { $0.level == .warning })
                file.replace(by: Self.file(1, files, more: "      streams: 7\n"))
                try await eventually { log.lines.contains { $0.level == .warning } }
                let warnings = log.lines.filter { $0.level == .warning }
                #expect(warnings.map { $0.metadata["setting"] } == ["listen.tls"])
            }
        }
    }

    @Test("A certificate that has become unusable has the file refused, and the last one stays in use")
    func unusable() async throws {
        let log = RecordedLog()
        try await TestCertificate.with { files in
            let file = ChangingFile(Self.file(1, files))
            try await TestGateway.with(Self.file(1, files).load(), reloads: file.reloads, log: log) { gateway in
                let certificate = try await Self.certificate(gateway)
                var broken = Self.file(1, files)
                broken.tls = files.settings().replacingOccurrences(of: "/key.pem", with: "/missing.pem")
                file.replace(by: broken)
                try await eventually {
                    log.lines.contains { $0.metadata["error"]?.contains("missing.pem' cannot be read") == true }
                }
                #expect(try await gateway.get("/version").json("configuration") as? Int == 1)
                #expect(try await Self.certificate(gateway) == certificate)
            }
        }
    }
}
