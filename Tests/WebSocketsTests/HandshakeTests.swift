import Testing

@testable import WebSockets

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
    @Test func theExampleOfRFC6455IsAnswered() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                let response = try await client.upgrade("/ws")
                #expect(response.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                #expect(response.lowercased().contains("\r\nupgrade: websocket\r\n"))
                #expect(response.lowercased().contains("\r\nconnection: upgrade\r\n"))
                #expect(response.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
                #expect(!response.lowercased().contains("sec-websocket-protocol"))
                #expect(!response.lowercased().contains("transfer-encoding"))
                try await client.send(frame(0x81, Array("Hello".utf8)))
                #expect(try await client.readFrame() == .text("Hello"))
            }
        }
    }

    @Test func theSubprotocolIsAgreedOnAndExtensionsAreNot() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                let response = try await client.upgrade(
                    "/ws",
                    headers: "Sec-WebSocket-Protocol: other, lms.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                )
                #expect(response.lowercased().contains("sec-websocket-protocol: lms.v1\r\n"))
                #expect(!response.lowercased().contains("extensions"))
            }
        }
    }

    @Test(arguments: [
        ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", "400"),
        (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: c2hvcnQ=\r\nSec-WebSocket-Version: 13\r\n",
            "400"
        ),
        ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400"),
        (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "Sec-WebSocket-Version: 8\r\n", "426"
        ),
        ("Connection: Upgrade\r\nUpgrade: h2c\r\n", "426"),
        ("", "426"),
    ])
    func anImproperHandshakeIsRefused(headers: String, status: String) async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                try await client.send("GET /ws HTTP/1.1\r\nHost: a\r\n\(headers)\r\n")
                let response = try await client.read(through: "\r\n\r\n")
                #expect(response.hasPrefix("HTTP/1.1 \(status) "))
                #expect((status == "426") == response.lowercased().contains("sec-websocket-version: 13"))
            }
        }
    }

    @Test func aRouteThatRefusesAnswersAsEver() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                let response = try await client.upgrade("/locked")
                #expect(response.hasPrefix("HTTP/1.1 401 "))
                #expect(response.lowercased().contains("connection: close"))
                while try await client.read(1) != nil {}
            }
        }
    }

    @Test func aLaterRequestOfAConnectionMayUpgrade() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                for _ in 0..<2 {
                    try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await client.read(through: "hello").hasPrefix("HTTP/1.1 200"))
                }
                #expect(try await client.upgrade("/ws").hasPrefix("HTTP/1.1 101"))
                try await client.send(frame(0x81, Array("Hello".utf8)))
                #expect(try await client.readFrame() == .text("Hello"))
            }
        }
    }

    @Test func framesSentBeforeTheResponseAreNotLost() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                let head = """
                    GET /ws HTTP/1.1\r
                    Host: a\r
                    Upgrade: websocket\r
                    Connection: keep-alive, Upgrade\r
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                    Sec-WebSocket-Version: 13\r
                    \r

                    """
                try await client.send(Array(head.utf8) + frame(0x81, Array("early".utf8)))
                _ = try await client.read(through: "\r\n\r\n")
                #expect(try await client.readFrame() == .text("early"))
            }
        }
    }

    @Test func anotherProtocolIsIgnoredAndTheConnectionClosed() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
                let response = try await client.read(through: "hello")
                #expect(response.hasPrefix("HTTP/1.1 200"))
                #expect(response.lowercased().contains("connection: close"))
                #expect(try await client.read(1) == nil)
            }
        }
    }
}
