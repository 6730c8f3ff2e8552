import TestKit
import Testing

@testable import Gateway

@Suite("Pages of other origins")
struct CORSTests {
    private static let policy = """
          cors:
            origins: [https://app.example.org, "https://*.lab.org"]
            methods: [GET, PUT]
            headers: [Authorization]
            expose: [ETag]
            credentials: true
            max_age: 2m
        """

    /// A gateway in front of a service that answers with `fields`.
    private func gateway(
        policy: String = policy, fields: String = "", limit: Int = 1_000_000,
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await RawServer.with { connection, _ in
            while true {
                _ = try await connection.message()
                try await connection.send("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 2\r\n\r\nok")
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults += "\n\(policy)"
            file.limits.address = limit
            file.routes = "  - path: /closed\n    upstream: service\n    cors: {origins: []}"
            try await TestGateway.with(file.load(), body)
        }
    }

    private static func preflight(
        _ gateway: TestGateway, _ path: String, from origin: String
    ) async throws -> RawMessage {
        try await gateway.request(
            "OPTIONS \(path) HTTP/1.1\r\nHost: lms\r\nOrigin: \(origin)\r\nAccess-Control-Request-Method: PUT\r\n"
                + "Access-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n")
    }

    private static func get(_ gateway: TestGateway, _ path: String, from origin: String) async throws -> RawMessage {
        try await gateway.request(
            "GET \(path) HTTP/1.1\r\nHost: lms\r\nOrigin: \(origin)\r\nConnection: close\r\n\r\n")
    }

    @Test("A preflight is answered here", arguments: ["https://app.example.org", "https://a.b.lab.org"])
    func preflight(origin: String) async throws {
        try await gateway { gateway in
            let answer = try await Self.preflight(gateway, "/items/1", from: origin)
            #expect(answer.status == 204)
            #expect(answer["access-control-allow-origin"] == origin)
            #expect(answer["access-control-allow-methods"] == "GET, PUT")
            #expect(answer["access-control-allow-headers"] == "Authorization")
            #expect(answer["access-control-allow-credentials"] == "true")
            #expect(answer["access-control-max-age"] == "120")
            #expect(answer["vary"] == "Origin")
            #expect(answer["content-length"] == nil && answer["content-type"] == nil)
        }
    }

    @Test(
        "An origin that is not named gets nothing",
        arguments: [
            "https://app.example.org.evil.com", "http://app.example.org", "https://app.example.org:8443",
            "https://lab.org", "https://evillab.org", "https://evil.com/.lab.org", "https://a:1.lab.org", "null",
        ])
    func strangers(origin: String) async throws {
        try await gateway { gateway in
            let refused = try await Self.preflight(gateway, "/items/1", from: origin)
            #expect(refused.status == 403 && refused["access-control-allow-origin"] == nil)
            let answer = try await Self.get(gateway, "/items/1", from: origin)
            #expect(answer.status == 200 && answer["access-control-allow-origin"] == nil)
            #expect(answer["vary"] == "Origin")
        }
    }

    @Test("An answer says who may read it, that of the gateway too")
    func simple() async throws {
        try await gateway { gateway in
            let origin = "https://x.lab.org"
            for (path, status) in [("/items/1", 200), ("/healthz", 200), ("/nowhere", 404)] {
                let answer = try await Self.get(gateway, path, from: origin)
                #expect(answer.status == status)
                #expect(answer.all("access-control-allow-origin") == [origin])
                #expect(answer["access-control-allow-credentials"] == "true")
                #expect(answer["access-control-expose-headers"] == "ETag")
                #expect(answer.all("vary") == ["Origin"])
            }
            // The next request on the connection has no origin.
            try await gateway.connect { connection in
                try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\nOrigin: \(origin)\r\n\r\n")
                #expect(try await connection.message()["access-control-allow-origin"] == origin)
                try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                let answer = try await connection.message()
                #expect(answer["access-control-allow-origin"] == nil && answer["vary"] == "Origin")
            }
        }
    }

    @Test("What a service says about origins stays, and stays alone")
    func service() async throws {
        try await gateway(fields: "access-control-allow-origin: https://other.org\r\n") { gateway in
            let answer = try await Self.get(gateway, "/items/1", from: "https://app.example.org")
            #expect(answer.all("access-control-allow-origin") == ["https://other.org"])
            #expect(answer["access-control-allow-credentials"] == nil && answer["vary"] == nil)
        }
    }

    @Test("A route without origins leaves preflights to its service")
    func closed() async throws {
        try await gateway { gateway in
            let answer = try await Self.preflight(gateway, "/closed", from: "https://app.example.org")
            #expect(answer.text == "ok" && answer["access-control-allow-origin"] == nil && answer["vary"] == nil)
        }
    }

    @Test("Any origin is answered with a star, which depends on nothing")
    func anyone() async throws {
        try await gateway(policy: "  cors:\n    origins: \"*\"") { gateway in
            let answer = try await Self.get(gateway, "/items/1", from: "https://anybody.net")
            #expect(answer["access-control-allow-origin"] == "*" && answer["vary"] == nil)
        }
    }

    @Test("Preflights count towards the limit of their address")
    func limited() async throws {
        try await gateway(limit: 1) { gateway in
            let first = try await Self.preflight(gateway, "/items/1", from: "https://app.example.org")
            #expect(first.status == 204)
            // A token comes back each second.
            try await eventually {
                let answer = try await Self.preflight(gateway, "/items/1", from: "https://app.example.org")
                return answer.status == 429 && answer["retry-after"] != nil
            }
        }
    }
}
