import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Clients that end their side first", .timeLimit(.minutes(2)))
struct HalfClosedTests {
    @Test("All that was asked of the gateway itself is answered, in however many turns, and then the connection ends")
    func pipelined() async throws {
        let count = 5 * PipeliningTurn.limit + 1
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            try await gateway.connect { connection in
                let request = "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n"
                try await connection.send(String(repeating: request, count: count))
                try await connection.endSending()
                let text = try await connection.readToEnd()
                #expect(text.components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1 == count)
            }
        }
    }

    @Test("A large answer is sent to its end")
    func large() async throws {
        let size = 8 << 20
        try await TestFolder.with(["large.bin": String(repeating: "x", count: size)]) { folder in
            var file = TestFile(port: 1)
            file.routes = "  - path: /files/*\n    static: \(folder.path)\n"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    let request = "GET /files/large.bin HTTP/1.1\r\nHost: lms\r\n\r\n"
                    // Behind the last one stands the beginning of another, or a stray line's end.
                    try await connection.send(request + request + "\r\n")
                    try await connection.endSending()
                    for _ in 0..<2 { #expect(try await connection.message().body.readableBytes == size) }
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test("One who has asked for nothing, or not to the end, gets the end", arguments: ["", "GET /hea", "\r\n"])
    func unfinished(text: String) async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            try await gateway.connect { connection in
                try await connection.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await connection.message().status == 200)
                try await connection.send(text)
                try await connection.endSending()
                #expect(try await connection.read() == nil)
            }
        }
    }

    @Test("One who waits for a service is taken to have left, as who has looks the same")
    func waiting() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (left, leave) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            begin.yield()
            while try await connection.read() != nil {}
            leave.yield()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    for await _ in begun { break }
                    try await connection.endSending()
                    for await _ in left { break }
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test("Who asked for a service, too, gets what the gateway itself has said before")
    func mixed() async throws {
        try await RawServer.with { connection, _ in
            while try await connection.read() != nil {}
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    let own = String(repeating: "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n", count: 40)
                    try await connection.send(own + "GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    try await connection.endSending()
                    let text = try await connection.readToEnd()
                    #expect(text.components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1 == 40)
                }
                try await eventually {
                    let counts = try await gateway.get("/metrics.json").json("connections") as? [String: Any]
                    return counts?["open"] as? Int == 1
                }
            }
        }
    }
}
