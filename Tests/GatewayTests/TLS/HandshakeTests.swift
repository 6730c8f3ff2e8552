import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

private let openssl = "/usr/bin/openssl"
private let curl = "/usr/bin/curl"
private let lastRequest = "GET /healthz HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\r\n"

@Suite("TLS", .timeLimit(.minutes(2)))
struct HandshakeTests {
    /// A service that answers with the head that it got.
    @Sendable private static func mirror(_ connection: inout RawConnection, _ number: Int) async throws {
        while true {
            let request = try await connection.message()
            let text = request.fields.map { "\($0.name)=\($0.value)\n" }.joined()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
    }

    /// Runs `body` with a gateway that ends TLS in front of `mirror`.
    private func withGateway<Result: Sendable>(
        clients: String = "", tls: String = "",
        _ body: @escaping @Sendable (TestGateway, TestCertificate) async throws -> Result
    ) async throws -> Result {
        try await TestCertificate.with { files in
            try await RawServer.with(Self.mirror) { server in
                var file = TestFile(port: server.port)
                file.clients = clients
                file.tls = files.settings(tls)
                return try await TestGateway.with(file.load()) { try await body($0, files) }
            }
        }
    }

    private func connect(_ gateway: TestGateway, _ arguments: [String] = []) async throws -> Command.Result {
        try await Command.run(
            openssl, ["s_client", "-connect", "127.0.0.1:\(gateway.tlsPort)", "-ign_eof"] + arguments,
            input: lastRequest)
    }

    @Test("ALPN chooses HTTP/2 before HTTP/1.1, and who names nothing gets HTTP/1.1")
    func alpn() async throws {
        try await withGateway { gateway, _ in
            let both = try await Command.run(
                openssl, ["s_client", "-connect", "127.0.0.1:\(gateway.tlsPort)", "-alpn", "http/1.1,h2"])
            #expect(both.output.contains("ALPN protocol: h2"))
            let old = try await connect(gateway, ["-alpn", "http/1.1"])
            #expect(old.output.contains("ALPN protocol: http/1.1"))
            #expect(old.output.contains("HTTP/1.1 200 OK"))
            let none = try await connect(gateway)
            #expect(none.output.contains("No ALPN negotiated"))
            #expect(none.output.contains("HTTP/1.1 200 OK"))
        }
    }

    @Test("Services are told https with either version, and the plain listener serves beside", arguments: ["1.1", "2"])
    func forwarded(version: String) async throws {
        try await withGateway { gateway, _ in
            let url = "https://127.0.0.1:\(gateway.tlsPort)/items/1"
            let answer = try await Command.run(
                curl, ["-ski", "--http\(version)", "-H", "X-Forwarded-Proto: gopher", url])
            #expect(answer.output.hasPrefix("HTTP/\(version) 200"))
            #expect(answer.output.contains("x-forwarded-proto=https\n"))
            #expect(answer.output.contains("x-forwarded-for=127.0.0.1\n"))
            #expect(try await gateway.get("/items/1").text.contains("x-forwarded-proto=http\n"))
        }
    }

    @Test("The gateway's own answers ask for HTTPS where the client came by it, and not otherwise")
    func strictTransport() async throws {
        try await withGateway { gateway, _ in
            for path in ["/healthz", "/nowhere"] {
                let secure = try await Command.run(
                    curl, ["-ski", "https://127.0.0.1:\(gateway.tlsPort)\(path)"])
                #expect(secure.output.lowercased().contains("strict-transport-security: max-age=31536000\r\n"))
                #expect(try await gateway.get(path)["strict-transport-security"] == nil)
            }
        }
    }

    @Test("A session is resumed, on whatever event loop", arguments: ["-tls1_2", "-tls1_3"])
    func resumption(version: String) async throws {
        try await withGateway { gateway, files in
            let session = files.folder.appending(path: "session.pem").path
            let first = try await connect(gateway, [version, "-sess_out", session])
            #expect(first.output.contains("New, "))
            for _ in 0..<8 {
                let next = try await connect(gateway, [version, "-sess_in", session])
                #expect(next.output.contains("Reused, "))
                #expect(next.output.contains("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test("Versions below the least one and suites without forward secrecy are refused")
    func oldVersions() async throws {
        try await withGateway { gateway, _ in
            let old = try await connect(gateway, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
            #expect(old.status != 0)
            #expect(old.output.contains("alert protocol version"))
            let weak = try await connect(gateway, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256"])
            #expect(weak.status != 0)
            #expect(weak.output.contains("alert handshake failure"))
            #expect(try await connect(gateway, ["-tls1_2"]).output.contains("HTTP/1.1 200 OK"))
        }
        try await withGateway(tls: "      minimum_version: \"1.3\"") { gateway, _ in
            let old = try await connect(gateway, ["-tls1_2"])
            #expect(old.output.contains("alert protocol version"))
            let new = try await connect(gateway, ["-tls1_3"])
            #expect(new.output.contains("HTTP/1.1 200 OK"))
        }
    }

    @Test("What is no TLS gets no answer, and harms nobody")
    func plain() async throws {
        try await withGateway { gateway, _ in
            let text = try await RawConnection.to(port: gateway.tlsPort) { connection in
                try await connection.send(lastRequest)
                // The connection may be reset for what was not read.
                return (try? await connection.readToEnd()) ?? ""
            }
            #expect(!text.contains("HTTP/"))
            #expect(try await connect(gateway).output.contains("HTTP/1.1 200 OK"))
        }
    }

    @Test("A handshake that stands still is cut off", arguments: [[], [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]])
    func stalled(start: [UInt8]) async throws {
        try await withGateway(clients: "  header_timeout: 5s") { gateway, _ in
            try await RawConnection.to(port: gateway.tlsPort) { connection in
                if !start.isEmpty { try await connection.send(ByteBuffer(bytes: start)) }
                while let bytes = try? await connection.read() { #expect(bytes.readableBytes < 100) }
            }
            #expect(try await connect(gateway).output.contains("HTTP/1.1 200 OK"))
        }
    }

    @Test("Who comes without TLS is sent on where the file says so, but for the question whether the gateway is alive")
    func redirect() async throws {
        try await withGateway(tls: "      redirect: 8443") { gateway, _ in
            for (host, location) in [
                ("lms:80", "https://lms:8443/items/1?a=b"), ("lms", "https://lms:8443/items/1?a=b"),
                ("[::1]", "https://[::1]:8443/items/1?a=b"), ("[::1]:80", "https://[::1]:8443/items/1?a=b"),
            ] {
                let answer = try await gateway.request(
                    "GET /items/1?a=b HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
                #expect(answer.status == 308)
                #expect(answer["location"] == location)
            }
            #expect(try await gateway.get("/healthz").status == 200)
            #expect(try await connect(gateway).output.contains("HTTP/1.1 200 OK"))
        }
    }
}
