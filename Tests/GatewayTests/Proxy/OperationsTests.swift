import Foundation
import NIOCore
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Operations")
struct OperationsTests {
    @Test("A stop lets what is under way finish, says so, and takes nothing new")
    func drain() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/items") else { return }
            begin.yield()
            for await _ in resumed { break }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { idle in
                    try await idle.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    _ = try await idle.message()
                    try await gateway.connect { busy in
                        try await busy.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                        for await _ in begun { break }
                        await gateway.stop()
                        #expect(try await idle.read() == nil)
                        await #expect(throws: (any Error).self) { try await gateway.get("/healthz") }
                        resume.finish()
                        let answer = try await busy.message()
                        #expect(answer.text == "ok")
                        #expect(answer["connection"] == "close")
                        #expect(try await busy.read() == nil)
                    }
                }
            }
        }
    }

    @Test(
        "What is on its way to a gateway that stops is answered, as the last", .timeLimit(.minutes(1)))
    func grace() async throws {
        var configuration = try TestFile(port: 1).load()
        configuration.drainGrace = .minutes(1)
        try await TestGateway.with(configuration) { gateway in
            try await gateway.connect { idle in
                let request = "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n"
                try await idle.send(request)
                #expect(try await idle.message()["connection"] == nil)
                await gateway.stop()
                var isLast = false
                while !isLast {
                    try await idle.send(request)
                    let answer = try await idle.message()
                    #expect(answer.status == 200)
                    isLast = answer["connection"] == "close"
                }
                #expect(try await idle.read() == nil)
            }
        }
    }

    @Test("A second gateway on a port does not share it, but fails")
    func samePort() async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            var configuration = try TestFile(port: 1).load()
            configuration.listener.port = gateway.port
            await #expect(throws: CannotListen.self) { try await TestGateway.with(configuration) { _ in } }
        }
    }

    @Test("Requests go in turn to the copies of a service that a variable lists")
    func copies() async throws {
        try await RawServer.with { connection, _ in
            try await Self.answerAlways("first", on: &connection)
        } _: { first in
            try await RawServer.with { connection, _ in
                try await Self.answerAlways("second", on: &connection)
            } _: { second in
                let addresses = "http://127.0.0.1:\(first.port), http://127.0.0.1:\(second.port)"
                let settings = try ServiceConfiguration(["LMS_READINGS_URL": addresses, "LMS_HTTP_PORT": "0"])
                var configuration = try Gateway.loadFile(settings)
                configuration.admin.port = 0
                try await TestGateway.with(configuration) { gateway in
                    let answers = try await gateway.connect { connection in
                        var answers: [String] = []
                        for _ in 0..<6 {
                            try await connection.send("GET /api/v1/readings HTTP/1.1\r\nHost: lms\r\n\r\n")
                            answers.append(try await connection.message().text)
                        }
                        return answers
                    }
                    #expect(answers.sorted() == ["first", "first", "first", "second", "second", "second"])
                }
            }
        }
    }

    private static func answerAlways(_ text: String, on connection: inout RawConnection) async throws {
        while true {
            _ = try await connection.message()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
    }

    @Test("Health follows the service's readiness")
    func health() async throws {
        let status = Mutex(200)
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            let status = status.withLock { $0 }
            try await connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                for (code, expected) in [(200, "up"), (503, "down"), (200, "up")] {
                    status.withLock { $0 = code }
                    try await eventually {
                        let answer = try await gateway.get("/api/v1/system/health")
                        let services = try answer.json("services") as? [String: [String: Any]]
                        return answer.status == code && services?["service"]?["status"] as? String == expected
                    }
                }
            }
        }
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            try await eventually { try await gateway.get("/api/v1/system/health").text.contains(#""down""#) }
            #expect(try await gateway.get("/api/v1/system/health").status == 503)
            #expect(try await gateway.get("/healthz").status == 200)
        }
    }

    @Test("Probes and metrics are on the operators' port alone")
    func adminPort() async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            for path in ["/livez", "/readyz", "/metrics"] {
                #expect(try await gateway.get(path).status == 404)
                try await eventually {
                    try await RawConnection.to(port: gateway.adminPort) { connection in
                        try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\r\n")
                        return try await connection.message().status == 200
                    }
                }
            }
        }
    }

    @Test("The merged document follows the services")
    func openAPI() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let text = request.startLine.contains("openapi") ? "openapi: 3.1.0\npaths:\n  /x:\n    get: {}\n" : ""
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await eventually {
                    let answer = try await gateway.get("/api/v1/openapi.json")
                    return (try answer.json("paths") as? [String: Any])?["/x"] != nil
                }
            }
        }
    }

    @Test("The page of the API comes with its files, and reads a document that has the operations")
    func docs() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let yaml = "openapi: 3.1.0\npaths:\n  /api/v1/things:\n    get: {summary: Lists things}\n"
            let text = request.startLine.contains("openapi") ? yaml : ""
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        } _: { server in
            var file = TestFile(port: server.port)
            file.routes = """
                  - path: /docs
                    answer: docs
                  - path: /docs/docs.css
                    answer: docs-style
                  - path: /docs/docs.js
                    answer: docs-script
                """
            try await TestGateway.with(file.load()) { gateway in
                let page = try await gateway.get("/docs")
                #expect(page.status == 200 && page["content-type"] == "text/html; charset=utf-8")
                #expect(page["content-security-policy"]?.contains("script-src 'self'; style-src 'self'") == true)
                for (path, type) in [("/docs/docs.css", "text/css"), ("/docs/docs.js", "text/javascript")] {
                    #expect(page.text.contains("\"\(path)\""))
                    let file = try await gateway.get(path)
                    #expect(file.status == 200 && file["content-type"] == "\(type); charset=utf-8")
                }
                let script = try await gateway.get("/docs/docs.js").text
                let source = String(try #require(script.firstMatch(of: /await fetch\("(\/[^"]+)"\)/)).1)
                let operation = try await eventually {
                    let paths = try await gateway.get(source).json("paths") as? [String: [String: [String: Any]]]
                    guard let operation = paths?["/api/v1/things"]?["get"] else { return nil as Operation? }
                    return Operation(tags: operation["tags"] as? [String], summary: operation["summary"] as? String)
                }
                #expect(operation == Operation(tags: ["service"], summary: "Lists things"))
            }
        }
    }

    /// What the page lists an operation by.
    private struct Operation: Equatable {
        let tags: [String]?
        let summary: String?
    }
}
