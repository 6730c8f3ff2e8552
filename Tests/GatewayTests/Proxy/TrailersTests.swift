import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Trailers", .timeLimit(.minutes(2)))
struct TrailersTests {
    /// A service that answers every request with its body as it came, and two trailers.
    private static func serve(_ connection: inout RawConnection, _ number: Int) async throws {
        while true {
            let head = try await connection.read(through: "\r\n\r\n")
            guard head.contains("/items") else { return }
            var body = ""
            if head.lowercased().contains("transfer-encoding") {
                repeat { body += try await connection.read(through: "\r\n") } while !body.hasSuffix("\r\n\r\n")
            }
            let size = String(body.utf8.count, radix: 16)
            try await connection.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n"
                    + "X-Checksum: 1\r\nConnection: close\r\n\r\n")
        }
    }

    @Test("They pass both ways over HTTP/1.1, and the connections go on")
    func passed() async throws {
        try await RawServer.with(Self.serve) { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    for _ in 0..<2 {
                        let body = "2\r\nab\r\n0\r\nX-Count: 2\r\nX-Empty:\r\n\r\n"
                        try await connection.send(
                            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
                        let answer = try await connection.read(through: "X-Checksum: 1\r\nConnection: close\r\n\r\n")
                        #expect(answer.contains(body))
                    }
                }
            }
        }
    }

    @Test(
        "Of a request none is taken that says who asks, or how it is framed or routed; no service gets it whole",
        arguments: [
            "Authorization: Bearer x", "Content-Length: 1", "X-Forwarded-For: 192.0.2.1", "Host: evil", "no field",
        ])
    func refused(line: String) async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send(
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(line)\r\n\r\n")
                let answer = try await connection.message()
                #expect(answer.status == 400 && answer["connection"] == "close")
                #expect(try await connection.read() == nil)
            }
            #expect(service.received.allSatisfy { !$0.contains(line) })
        }
    }

    @Test("They pass both ways over HTTP/2, but for those that it forbids")
    func translated() async throws {
        try await HTTP2Gateway.with(Self.serve) { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, method: "POST", ends: false)
                try await client.data(1, ByteBuffer(string: "ab"))
                try await client.request(1, pseudo: [], [("x-count", "2")])
                let response = try await client.response(1)
                #expect(response.status == 200)
                #expect(response.text == "2\r\nab\r\n0\r\nx-count: 2\r\n\r\n")
                #expect(response.trailers.map(\.name) == ["x-checksum"] && response.trailers.map(\.value) == ["1"])
                // Those that stand for the connection, or for no field, reset the stream.
                for (stream, field) in [(UInt32(3), (":path", "/items/2")), (5, ("X-Capital", "1"))] {
                    try await client.request(stream, method: "POST", ends: false)
                    try await client.request(stream, pseudo: [], [field])
                    #expect(try await client.next(.reset).stream == stream)
                }
                try await client.request(7, method: "POST", ends: false)
                try await client.request(7, pseudo: [], [("authorization", "Bearer x")])
                #expect(try await client.response(7).status == 400)
            }
        }
    }
}
