import Foundation
import TestKit
import Testing

@testable import Gateway

@Suite("Certificates", .timeLimit(.minutes(2)))
struct CertificateTests {
    private func load(_ tls: String) throws -> GatewayConfiguration {
        var file = TestFile(port: 1)
        file.tls = tls
        return try file.load()
    }

    @Test("Without a certificate there is no TLS, and with one the defaults hold")
    func defaults() async throws {
        #expect(try load("      certificate: \"\"\n      key: \"\"\n      port: 8443").tls == nil)
        try await TestCertificate.with { files in
            let tls = try #require(try load(files.settings()).tls)
            #expect(tls.listener == .init(host: "127.0.0.1", port: 0))
            #expect(tls.minimumVersion == .tlsv12)
            #expect(tls.streams == 100)
            #expect(tls.redirectPort == nil)
        }
    }

    @Test("What is wrong with the files is told with the line of the certificate")
    func errors() async throws {
        try await TestCertificate.with { files in
            try await files.make(organization: "other", name: "other", key: "other-key")
            try "no certificate".write(
                to: files.folder.appending(path: "text.pem"), atomically: true, encoding: .utf8)
            let good = files.settings()
            let broken = [
                (good.replacingOccurrences(of: "/certificate.pem", with: "/missing.pem"), "cannot be read"),
                (good.replacingOccurrences(of: "/certificate.pem", with: "/text.pem"), "text.pem' "),
                (good.replacingOccurrences(of: "/key.pem", with: "/missing.pem"), "cannot be read"),
                (good.replacingOccurrences(of: "/key.pem", with: "/certificate.pem"), "is not a private key"),
                (good.replacingOccurrences(of: "/key.pem", with: "/other-key.pem"), "is not that of the certificate"),
            ]
            for (tls, mention) in broken {
                let error = #expect(throws: GatewayFileError.self) { try load(tls) }
                #expect(error?.line == 5)
                #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
            }
            let half = good.replacingOccurrences(of: files.key, with: "\"\"")
            #expect(throws: GatewayFileError(line: 6, column: 12, message: "there is a certificate without a key")) {
                try load(half)
            }
        }
    }

    @Test("Files that stay are not read again, and a broken pair leaves the last one in use")
    func brokenPair() async throws {
        try await TestCertificate.with { files in
            let contexts = try TLSContexts(try #require(try load(files.settings()).tls))
            let before = contexts.current
            #expect(try !contexts.reloadIfChanged())
            try "broken".write(toFile: files.key, atomically: true, encoding: .utf8)
            #expect(throws: TLSError.self) { try contexts.reloadIfChanged() }
            #expect(contexts.current === before)
            // It is not tried again as it is.
            #expect(try !contexts.reloadIfChanged())
            try await files.make(organization: "second")
            #expect(try contexts.reloadIfChanged())
            #expect(contexts.current !== before)
        }
    }

    @Test("A renewed certificate is used for new connections, and open ones stay")
    func renewal() async throws {
        try await TestCertificate.with { files in
            try await RawServer.with(RawServer.echo) { server in
                var file = TestFile(port: server.port)
                file.tls = files.settings()
                try await TestGateway.with(file.load()) { gateway in
                    try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                        try await client.request(1)
                        #expect(try await client.response(1).status == 200)
                        #expect(try await Self.subject(gateway).contains("first"))
                        try await files.make(organization: "second")
                        try await eventually(within: .seconds(30)) {
                            try await Self.subject(gateway).contains("second")
                        }
                        try await client.request(3)
                        #expect(try await client.response(3).status == 200)
                    }
                }
            }
        }
    }

    private static func subject(_ gateway: TestGateway) async throws -> String {
        let seen = try await Command.run("/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(gateway.tlsPort)"])
        return seen.output.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? ""
    }
}
