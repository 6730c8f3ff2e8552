import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Limits of HTTP/2", .timeLimit(.minutes(2)))
struct HTTP2LimitsTests {
    @Test("A stream too many ends the connection of a client that knows of the limit")
    func tooManyStreams() async throws {
        let gate = Gate()
        try await HTTP2Gateway.with { connection, _ in
            _ = try await HTTP2Gateway.request(&connection)
            try await gate.pass()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        } edit: {
            $0.tls = "      streams: 2"
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                _ = try await client.next(.settings)
                for stream: UInt32 in [1, 3, 5] { try await client.request(stream) }
                #expect(try await client.goAway() == TestHTTP2Code.protocolError)
            }
            gate.open()
            #expect(try await gateway.get("/healthz").status == 200)
        }
    }

    @Test("A client that resets streams as fast as it opens them is cut off")
    func rapidReset() async throws {
        try await HTTP2Gateway.with { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                // The connection ends within the flood.
                for stream in stride(from: UInt32(1), to: 2_001, by: 2) {
                    guard (try? await client.request(stream)) != nil, (try? await client.reset(stream)) != nil else {
                        break
                    }
                }
                return try await client.goAway()
            }
            #expect(code == TestHTTP2Code.calm)
            #expect(try await gateway.get("/healthz").status == 200)
        }
    }

    @Test("A client whose streams all have errors is cut off")
    func errorFlood() async throws {
        try await HTTP2Gateway.with { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                for stream in stride(from: UInt32(1), to: 2_001, by: 2) {
                    guard (try? await client.request(stream, pseudo: [(":method", "GET")])) != nil else { break }
                }
                return try await client.goAway()
            }
            #expect(code == TestHTTP2Code.calm)
            #expect(try await gateway.get("/healthz").status == 200)
        }
    }

    @Test("A flood of pings or settings is cut off", arguments: [TestHTTP2Frame.Kind.ping, .settings])
    func controlFlood(kind: TestHTTP2Frame.Kind) async throws {
        try await HTTP2Gateway.with { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                let payload = kind == .ping ? ByteBuffer(repeating: 0, count: 8) : ByteBuffer()
                for _ in 0..<1_000 {
                    guard (try? await client.send(TestHTTP2Frame(kind: kind, payload: payload))) != nil else { break }
                }
                return try await client.goAway()
            }
            #expect(code == TestHTTP2Code.calm)
        }
    }

    @Test("A head far beyond the limit ends the connection")
    func largeHead() async throws {
        try await HTTP2Gateway.with { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, [("x-large", String(repeating: "a", count: 24_000))])
                return try await client.goAway()
            }
            #expect(try #require(code) != TestHTTP2Code.none)
        }
    }

    @Test("An idle connection is told to go, and ends")
    func idle() async throws {
        try await HTTP2Gateway.with(RawServer.echo) {
            $0.clients = "  idle_timeout: 2s"
        } _: { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                #expect(try await client.response(1).status == 200)
                return try await client.goAway()
            }
            #expect(code == TestHTTP2Code.none)
        }
    }

    @Test("A connection without a request is told to go when a head should have come")
    func silent() async throws {
        try await HTTP2Gateway.with(RawServer.echo) {
            $0.clients = "  header_timeout: 2s"
        } _: { gateway in
            let code = try await TestHTTP2Client.with(port: gateway.tlsPort) { try await $0.goAway() }
            #expect(code == TestHTTP2Code.none)
        }
    }

    @Test("A connection counts once, however many streams it has")
    func counting() async throws {
        let reached = Reached()
        let gate = Gate()
        try await HTTP2Gateway.with { connection, _ in
            reached.note(try await HTTP2Gateway.request(&connection).startLine)
            try await gate.pass()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                for stream: UInt32 in [1, 3, 5] { try await client.request(stream) }
                try await eventually { reached.lines.count == 3 }
                try await eventually {
                    let counts = try await gateway.get("/metrics.json").json("connections") as? [String: Any]
                    return counts?["open"] as? Int == 2
                }
                gate.open()
                #expect(try await client.response(1).text == "ok")
            }
        }
    }

    @Test("A gateway that stops says so, and lets streams finish")
    func drain() async throws {
        let arrived = Gate()
        let gate = Gate()
        try await HTTP2Gateway.with { connection, _ in
            _ = try await HTTP2Gateway.request(&connection)
            arrived.open()
            try await gate.pass()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                try await arrived.pass()
                await gateway.stop()
                #expect(try await client.next(.goAway).code == TestHTTP2Code.none)
                gate.open()
                let response = try await client.response(1)
                #expect(response.text == "ok")
                #expect(response.resetCode == nil)
                #expect(try await client.goAway() ?? TestHTTP2Code.none == TestHTTP2Code.none)
            }
        }
    }
}
