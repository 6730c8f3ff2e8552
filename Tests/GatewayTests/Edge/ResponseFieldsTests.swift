import TestKit
import Testing

@testable import Gateway

@Suite("Fields of answers")
struct ResponseFieldsTests {
    /// Runs a gateway in front of a service that answers with `fields` and a status.
    private func gateway(
        status: String = "200 OK", fields: String, defaults: String = "", route: String = "", clients: String = "",
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await RawServer.with { connection, _ in
            while true {
                _ = try await connection.message()
                try await connection.send("HTTP/1.1 \(status)\r\n\(fields)Content-Length: 0\r\n\r\n")
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults += "\n\(defaults)"
            file.clients = clients
            file.routes = "  - path: /edge\n    upstream: service\n\(route)"
            try await TestGateway.with(file.load(), body)
        }
    }

    @Test("A route sets and removes fields beside those of all routes, whoever answers")
    func setAndRemove() async throws {
        try await gateway(
            fields: "Server: x\r\nX-Colour: red\r\nx-secret: 1\r\nX-Kept: yes\r\n",
            defaults: "  headers:\n    set: {X-Colour: blue, X-Site: lab}\n    remove: [Server]",
            route: "    headers:\n      set: {X-Site: edge}\n      remove: [X-Secret, X-Colour]\n    body_limit: 1"
        ) { gateway in
            let passed = try await gateway.get("/items/1")
            #expect(passed.all("x-colour") == ["blue"])
            #expect(passed["x-secret"] == "1" && passed["x-site"] == "lab" && passed["server"] == nil)
            let edge = try await gateway.get("/edge")
            #expect(edge["x-colour"] == nil && edge["x-secret"] == nil && edge["server"] == nil)
            #expect(edge.all("x-site") == ["edge"] && edge["x-kept"] == "yes")
            let refused = try await gateway.request(
                "POST /edge HTTP/1.1\r\nHost: lms\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            #expect(refused.status == 413 && refused["x-site"] == "edge" && refused["x-colour"] == nil)
            let nowhere = try await gateway.get("/nowhere")
            #expect(nowhere.status == 404 && nowhere["x-site"] == "lab")
        }
    }

    @Test("What a service left out against sniffing, leaking and plain text is added, and nothing twice")
    func security() async throws {
        try await gateway(fields: "Referrer-Policy: no-referrer\r\n", clients: "  scheme: https") { gateway in
            let answer = try await gateway.get("/edge")
            #expect(answer.all("x-content-type-options") == ["nosniff"])
            #expect(answer.all("referrer-policy") == ["no-referrer"])
            #expect(answer.all("strict-transport-security") == ["max-age=31536000"])
            #expect(answer["content-security-policy"] == nil)
            let own = try await gateway.get("/healthz")
            #expect(own["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
            #expect(own.all("referrer-policy") == ["same-origin"])
            #expect(own.all("strict-transport-security").count == 1)
        }
        try await gateway(fields: "") { gateway async throws in
            for path in ["/edge", "/healthz"] {
                #expect(try await gateway.get(path)["strict-transport-security"] == nil)
            }
        }
    }

    @Test("Only a success that says nothing about caching is given it")
    func cacheControl() async throws {
        let route = "    cache_control: public, max-age=60"
        try await gateway(fields: "", route: route) { gateway async throws in
            #expect(try await gateway.get("/edge").all("cache-control") == ["public, max-age=60"])
            #expect(try await gateway.get("/items/1")["cache-control"] == nil)
        }
        try await gateway(fields: "cache-control: no-store\r\n", route: route) { gateway async throws in
            #expect(try await gateway.get("/edge").all("cache-control") == ["no-store"])
        }
        for status in ["500 Internal Server Error", "304 Not Modified"] {
            try await gateway(status: status, fields: "", route: route) { gateway async throws in
                #expect(try await gateway.get("/edge")["cache-control"] == nil)
            }
        }
    }
}
