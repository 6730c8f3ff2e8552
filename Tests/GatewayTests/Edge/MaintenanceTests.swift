import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Maintenance")
struct MaintenanceTests {
    private func gateway(
        _ settings: String, _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: server.port)
            file.settings = "maintenance:\n\(settings)"
            try await TestGateway.with(file.load(), body)
        }
    }

    @Test("Programs get a problem, browsers a page, and the gateway's own answers stay")
    func answers() async throws {
        try await gateway("  enabled: true\n  message: Moving <house>.\n  retry_after: 2m") { gateway in
            let problem = try await gateway.request(
                "POST /items/1 HTTP/1.1\r\nHost: lms\r\nX-API-Key: lms_dev_a\r\nContent-Length: 2\r\n"
                    + "Connection: close\r\n\r\nok")
            #expect(problem.status == 503 && problem["retry-after"] == "120")
            #expect(problem["content-type"] == "application/problem+json")
            #expect(try problem.json("detail") as? String == "Moving <house>.")
            let page = try await gateway.request(
                "GET /items/1 HTTP/1.1\r\nHost: lms\r\nAccept: application/xhtml+xml, Text/HTML;q=0.9\r\n"
                    + "Connection: close\r\n\r\n")
            #expect(page.status == 503 && page["retry-after"] == "120")
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
            #expect(page.text.contains("<p>Moving &lt;house&gt;.</p>"))
            #expect(try await gateway.get("/healthz").status == 200)
            #expect(try await gateway.get("/metrics.json").status == 200)
            #expect(try await gateway.get("/nowhere").status == 404)
        }
    }

    @Test("A connection whose upload is turned away serves its next request")
    func keepsConnection() async throws {
        try await gateway("  enabled: true") { gateway in
            try await gateway.connect { connection in
                try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 5\r\n\r\n")
                #expect(try await connection.message().status == 503)
                try await connection.send("12345GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await connection.message().status == 200)
            }
        }
    }

    @Test("Paths and addresses that are named pass")
    func allowed() async throws {
        try await gateway("  enabled: true\n  allow: [/items/open/*, 192.0.2.0/24]") { gateway async throws in
            #expect(try await gateway.get("/items/open/1").status == 200)
            #expect(try await gateway.get("/items/%6fpen").status == 200)
            #expect(try await gateway.get("/items/closed").status == 503)
        }
        try await gateway("  enabled: true\n  allow: 127.0.0.0/8, /nothing") { gateway async throws in
            #expect(try await gateway.get("/items/closed").status == 200)
        }
    }

    @Test("A file begins and ends it without a restart")
    func file() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("maintenance-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try await gateway("  file: \(file.path)") { gateway async throws in
            #expect(try await gateway.get("/items/1").status == 200)
            try Data().write(to: file)
            try await eventually { try await gateway.get("/items/1").status == 503 }
            try FileManager.default.removeItem(at: file)
            try await eventually { try await gateway.get("/items/1").status == 200 }
        }
    }

    @Test("It holds from the first request where the file is there before the gateway")
    func fileBefore() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("maintenance-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await gateway("  file: \(file.path)") { gateway async throws in
            #expect(try await gateway.get("/items/1").status == 503)
        }
    }

    @Test(
        "Ranges of addresses",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false), ("192.0.2.128/25", "192.0.2.127", false), ("0.0.0.0/0", "8.8.8.8", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
        ])
    func ranges(range: String, address: String, expected: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try SocketAddress(ipAddress: address, port: 1)) == expected)
    }

    @Test(
        "What is no range is none",
        arguments: ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "a"])
    func noRange(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
