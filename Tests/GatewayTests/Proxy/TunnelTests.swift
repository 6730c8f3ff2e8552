import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("WebSocket tunnels")
struct TunnelTests {
    private static let handshake =
        "GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"

    @Test("After the switch bytes pass both ways as they are")
    func tunnel() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request["upgrade"] == "websocket", request["connection"] == "Upgrade" else { return }
            // The first bytes come with the head.
            try await connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: y\r\n\r\nhello")
            while let bytes = try await connection.read() { try await connection.send(bytes) }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    // So do the client's.
                    try await connection.send(Self.handshake + "early")
                    let answer = try await connection.message()
                    #expect(answer.status == 101)
                    #expect(answer["upgrade"] == "websocket")
                    #expect(answer["sec-websocket-accept"] == "y")
                    #expect(String(buffer: try await connection.read(count: 10)) == "helloearly")
                    let large = ByteBuffer(repeating: 0x62, count: 1 << 20)
                    let writer = connection.writer
                    async let sent: Void = writer.send(large)
                    #expect(try await connection.read(count: 1 << 20) == large)
                    try await sent
                }
            }
        }
    }

    @Test("A refusal is passed on, and the connection lives on")
    func refused() async throws {
        try await RawServer.with { connection, _ in
            while true {
                _ = try await connection.message()
                try await connection.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
            }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    for _ in 0..<2 {
                        try await connection.send(Self.handshake)
                        let answer = try await connection.message()
                        #expect(answer.status == 401)
                        #expect(answer.text == "no")
                    }
                }
            }
        }
    }

    @Test("When one side ends so does the other", arguments: [true, false])
    func ends(byService: Bool) async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request["upgrade"] == "websocket" else { return }
            try await connection.send("HTTP/1.1 101 Switching Protocols\r\n\r\n")
            if byService { return try await connection.send("bye") }
            while try await connection.read() != nil {}
            end.yield()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(Self.handshake)
                    #expect(try await connection.message().status == 101)
                    if byService { #expect(try await connection.readToEnd() == "bye") }
                }
                if !byService { for await _ in ended { break } }
            }
        }
    }

    @Test("Only a route for sockets upgrades")
    func otherRoute() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let text = request["upgrade"] ?? "none"
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                let answer = try await gateway.request(
                    Self.handshake.replacingOccurrences(of: "/ws", with: "/items/1"))
                #expect(answer.text == "none")
            }
        }
    }
}
