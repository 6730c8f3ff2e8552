import NIOCore
import TestKit
import Testing

/// Direct routes among others on one connection, byte by byte.
struct DirectWireTests {
    private let echo = EchoRoute()

    private func expect(_ message: RawMessage, _ body: String, way: String) throws {
        #expect(message.status == 201)
        #expect(try message.json("body") as? String == body)
        #expect(try message.json("way") as? String == way)
    }

    @Test(arguments: [false, true])
    func `a request is answered wherever its bytes are divided`(isRouted: Bool) async throws {
        try await echo.serveRaw { connection, _ in
            let text = EchoRoute.request("abc", isRouted: isRouted)
            let bytes = ByteBuffer(string: text)
            for size in 1..<bytes.readableBytes {
                var rest = bytes
                while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
                    try await connection.send(piece)
                }
                try self.expect(try await connection.message(), "abc", way: isRouted ? "table" : "direct")
            }
        }
    }

    @Test func `requests of both ways are answered in their order, all in one write`() async throws {
        try await echo.serveRaw { connection, _ in
            // Every order of four.
            for order in 0..<16 {
                let ways = (0..<4).map { order >> $0 & 1 == 1 }
                let requests = ways.enumerated().map {
                    EchoRoute.request("\(order).\($0.offset)", isRouted: $0.element)
                }
                try await connection.send(requests.joined())
                for (number, isRouted) in ways.enumerated() {
                    let message = try await connection.message()
                    #expect(message.status == 201)
                    #expect(try message.json("body") as? String == "\(order).\(number)")
                    // Behind one that the routes answer, it depends on how soon they do.
                    if isRouted { #expect(try message.json("way") as? String == "table") }
                }
            }
        }
    }

    @Test func `a body in chunks is left to the routes, and those behind it are as they were`() async throws {
        try await echo.serveRaw { connection, _ in
            try await connection.send(EchoRoute.request("abc", isChunked: true))
            try self.expect(try await connection.message(), "abc", way: "table")
            try await connection.send(EchoRoute.request("def"))
            try self.expect(try await connection.message(), "def", way: "direct")
        }
    }

    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "Content-Length: x\r\n\r\n", "Content-Length : 3\r\n\r\nabc", "No colon\r\n\r\n",
    ])
    func `what is refused is refused as by the routes, and nothing is answered behind it`(rest: String) async throws {
        try await echo.serve { served, _ in
            // A path that no direct route has shows what the routes do.
            var answers: [String] = []
            for path in ["/echo", "/other"] {
                let answer = try await RawConnection.to(port: served.client.port) { connection in
                    try await connection.send(EchoRoute.request("1"))
                    try self.expect(try await connection.message(), "1", way: "direct")
                    try await connection.send(
                        "POST \(path) HTTP/1.1\r\n\(EchoRoute.fields)\(rest)" + EchoRoute.request("2"))
                    // Unless the server was faster.
                    try? await connection.endSending()
                    return try await connection.readToEnd()
                }
                #expect(!answer.contains("201 Created"))
                answers.append(String(answer.prefix { $0 != "\r\n" }))
            }
            #expect(answers[0] == answers[1])
            #expect(self.echo.answered == 2)
        }
    }

    @Test func `a request that is cut off is answered with nothing behind those that were whole`() async throws {
        try await echo.serveRaw { connection, _ in
            try await connection.send(EchoRoute.request("1") + String(EchoRoute.request("23456").dropLast(2)))
            try await connection.endSending()
            try self.expect(try await connection.message(), "1", way: "direct")
            #expect(!(try await connection.readToEnd()).contains("201 Created"))
            #expect(self.echo.answered == 1)
        }
    }
}
