import NIOPosix
import TestKit
import Testing

@testable import Gateway

@Suite("What counts against a copy")
struct CopyFailureTests {
    /// Runs `body` with a gateway of one event loop before two copies, the first failure of which ejects.
    private static func with(
        _ one: TestCopy, _ other: TestCopy, defaults: String = "  response_timeout: 5s",
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        try await TestCopy.withTwo(one, other) { ports in
            var file = TestFile(port: ports[0])
            file.upstream = ports
            file.health = "  interval: 1h"
            file.defaults = defaults
            file.settings = "upstream_defaults:\n  eject_after: 1\n  eject_time: 1h\n  eject_time_limit: 1h"
            file.routes = "  - path: /items/stream\n    upstream: service\n    stream: true"
            try await TestGateway.with(file.load(), group: loop, body)
        }
    }

    private static func ejections(_ gateway: TestGateway) async throws -> Int? {
        let services = try await gateway.get("/metrics.json").json("services") as? [String: [String: Any]]
        return services?["service"]?["ejections"] as? Int
    }

    @Test("A copy that hangs is passed over, though its clients do not wait until the time for an answer is over")
    func impatientClients() async throws {
        let hung = TestCopy(.hangs)
        let well = TestCopy()
        try await Self.with(hung, well, defaults: "  response_timeout: 8s") { gateway in
            try await eventually {
                try await gateway.connect { client in
                    try await client.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    // As long as the client waits: more than a quarter of that time.
                    try await Task.sleep(for: .milliseconds(2500))
                }
                return hung.requests > 0
            }
            try await eventually { try await Self.ejections(gateway) == 1 }
            for _ in 0..<4 { #expect(try await gateway.get("/items/2").status == 200) }
            #expect(hung.requests == 1)
        }
    }

    @Test("A copy that answers is not passed over because clients leave at once")
    func hastyClients() async throws {
        let copies = [TestCopy(.hangs), TestCopy(.hangs)]
        try await Self.with(copies[0], copies[1], defaults: "  response_timeout: 1m") { gateway in
            for number in 1...4 {
                try await gateway.connect { client in
                    try await client.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    try await eventually { copies.map(\.requests).reduce(0, +) == number }
                }
            }
            try await eventually {
                let counts = try await gateway.get("/metrics.json").json("requests") as? [String: Any]
                return counts?["abandoned"] as? Int == 4
            }
            #expect(try await Self.ejections(gateway) == 0)
        }
    }

    @Test(
        "An answer that is cut off counts against its copy, the end of an event stream does not",
        arguments: [("/items/plain", 1), ("/items/stream", 10)])
    func cut(path: String, requests: Int) async throws {
        let cutting = TestCopy(.cuts)
        let well = TestCopy()
        try await Self.with(cutting, well) { gateway in
            for _ in 0..<20 {
                try await gateway.connect { client in
                    try await client.send("GET \(path) HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\r\n")
                    #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 200 "))
                }
            }
            #expect(cutting.requests == requests)
            #expect(well.requests == 20 - requests)
        }
    }
}
