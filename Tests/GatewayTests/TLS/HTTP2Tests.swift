import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

private let mebibyte = 1 << 20

@Suite("HTTP/2", .timeLimit(.minutes(2)))
struct HTTP2Tests {
    @Test("A request reaches its service as HTTP/1.1, and the answer comes without what is about a connection")
    func exchange() async throws {
        try await HTTP2Gateway.with { connection, _ in
            let request = try await HTTP2Gateway.request(&connection)
            let text = request.startLine + "\n" + request.fields.map { "\($0.name)=\($0.value)\n" }.joined()
            try await connection.send(
                "HTTP/1.1 201 Created\r\nX-Mixed: Case\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n\(String(text.utf8.count, radix: 16))\r\n"
                    + "\(text)\r\n0\r\nX-Trailer: kept\r\n\r\n")
            _ = try await connection.read()
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(
                    1, path: "/items/1?q=a%20b",
                    [("cookie", "a=b"), ("te", "trailers"), ("x-note", "é"), ("cookie", "c=d"), ("host", "LMS")])
                let response = try await client.response(1)
                #expect(response.status == 201)
                let names = response.fields.map(\.name)
                #expect(names.allSatisfy { $0 == $0.lowercased() })
                #expect(names.filter { $0 == "set-cookie" }.count == 2)
                for name in ["connection", "keep-alive", "transfer-encoding"] { #expect(response[name] == nil) }
                #expect(response.trailers.map(\.name) == ["x-trailer"])
                #expect(response["x-mixed"] == "Case")
                #expect(response["x-request-id"] != nil)
                #expect(response.text.hasPrefix("abcGET /items/1?q=a%20b HTTP/1.1\n"))
                for line in ["host=lms\n", "cookie=a=b; c=d\n", "x-note=é\n", "x-forwarded-host=lms\n"] {
                    #expect(response.text.contains(line))
                }
                for name in ["te=", "connection=", "transfer-encoding="] {
                    #expect(!response.text.contains("\n\(name)"))
                }
            }
        }
    }

    @Test("Answers without content end with their head", arguments: ["HEAD", "GET"])
    func contentless(method: String) async throws {
        try await HTTP2Gateway.with { connection, _ in
            let request = try await HTTP2Gateway.request(&connection)
            let isHead = request.startLine.hasPrefix("HEAD")
            try await connection.send(
                isHead ? "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n")
            _ = try await connection.read()
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, method: method)
                #expect(try await client.next(.headers).endsStream)
                // The connection is as good as before.
                try await client.request(3, path: "/healthz")
                #expect(try await client.next(.headers).stream == 3)
            }
        }
    }

    @Test("An answer that ends with the service's connection ends its stream")
    func untilClose() async throws {
        try await HTTP2Gateway.with { connection, _ in
            _ = try await HTTP2Gateway.request(&connection)
            try await connection.send("HTTP/1.0 200 OK\r\n\r\nall of it")
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                let response = try await client.response(1)
                #expect(response.text == "all of it")
                #expect(response.resetCode == nil)
            }
        }
    }

    @Test("An answer that breaks off resets its stream")
    func brokenAnswer() async throws {
        try await HTTP2Gateway.with { connection, _ in
            _ = try await HTTP2Gateway.request(&connection)
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                let response = try await client.response(1)
                #expect(response.text == "half")
                #expect(response.resetCode != nil)
            }
        }
    }

    @Test("Content comes with and without its length, and 100 Continue is passed", arguments: [true, false])
    func upload(hasLength: Bool) async throws {
        try await HTTP2Gateway.with { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                let fields = [("expect", "100-continue")] + (hasLength ? [("content-length", "10")] : [])
                try await client.request(1, method: "PUT", fields, ends: false)
                _ = try await client.next(.headers)
                try await client.data(1, ByteBuffer(string: "hello"))
                try await client.data(1, ByteBuffer(string: "world"), ends: true)
                let text = try await client.response(1).text
                #expect(text.hasSuffix(" PUT /items/1 HTTP/1.1 helloworld"))
            }
        }
    }

    @Test("Streams are served beside each other, by connections to services that are used again")
    func manyStreams() async throws {
        let reached = Reached()
        let gate = Gate()
        try await HTTP2Gateway.with { connection, number in
            while true {
                let request = try await HTTP2Gateway.request(&connection)
                reached.note("\(number)")
                if request.startLine.contains("/slow") { try await gate.pass() }
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, path: "/items/slow")
                for stream in stride(from: UInt32(3), to: 43, by: 2) {
                    try await client.request(stream)
                    #expect(try await client.response(stream).text == "ok")
                }
                gate.open()
                #expect(try await client.response(1).text == "ok")
            }
        }
        #expect(reached.lines.count == 21)
        #expect(Set(reached.lines).count == 2)
    }

    @Test("A reader without a window holds its service up, but no other stream, and gets every byte in the end")
    func slowReader() async throws {
        let size = 50 * mebibyte
        let sent = Atomic<Int>(0)
        let piece = ByteBuffer(repeating: 0x61, count: mebibyte / 4)
        try await HTTP2Gateway.with { connection, _ in
            guard try await HTTP2Gateway.request(&connection).startLine.contains("/large") else {
                return try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            for _ in 0..<(size / piece.readableBytes) {
                try await connection.send(piece)
                sent.add(piece.readableBytes, ordering: .relaxed)
            }
            _ = try await connection.read()
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort, window: 16_384) { client in
                client.opensWindows = false
                try await client.request(1, path: "/items/large")
                _ = try await client.next(.data)
                // What the service has sent stands in the kernel's buffers once the count rests.
                var (last, quiet) = (-1, 0)
                try await eventually(within: .seconds(30)) {
                    let now = sent.load(ordering: .relaxed)
                    quiet = now == last ? quiet + 1 : 0
                    last = now
                    return quiet >= 50
                }
                #expect(last < 40 * mebibyte)
                try await client.request(3)
                #expect(try await client.response(3).text == "ok")

                client.opensWindows = true
                var received = 16_384
                try await client.openWindow(0, by: mebibyte)
                try await client.openWindow(1, by: mebibyte)
                while received < size {
                    let frame = try await client.next(.data)
                    received += frame.payload.readableBytes
                }
                #expect(received == size)
            }
        }
    }

    @Test("A large upload comes whole through the windows that the gateway opens")
    func largeUpload() async throws {
        let size = 4 * mebibyte
        try await HTTP2Gateway.with { connection, _ in
            guard try await connection.read(through: "\r\n\r\n").contains("/large") else { return }
            var received = 0
            while received < size, let bytes = try await connection.read() { received += bytes.readableBytes }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \("\(received)".count)\r\n\r\n\(received)")
            _ = try await connection.read()
        } edit: {
            $0.routes = "  - path: /large\n    upstream: service\n    body_limit: 64MiB"
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, path: "/large", method: "PUT", [("content-length", "\(size)")], ends: false)
                var windows = (connection: 65_535, stream: 65_535)
                var rest = size
                while rest > 0 {
                    let count = min(rest, 16_384, windows.connection, windows.stream)
                    if count == 0 {
                        let frame = try await client.next(.windowUpdate)
                        let bytes = Int(frame.payload.getInteger(at: frame.payload.readerIndex, as: UInt32.self) ?? 0)
                        if frame.stream == 0 { windows.connection += bytes } else { windows.stream += bytes }
                        continue
                    }
                    rest -= count
                    windows.connection -= count
                    windows.stream -= count
                    try await client.data(1, ByteBuffer(repeating: 0x61, count: count), ends: rest == 0)
                }
                #expect(try await client.response(1).text == "\(size)")
            }
        }
    }

    @Test("A client that resets its stream closes the service's connection")
    func reset() async throws {
        let closed = Gate()
        try await HTTP2Gateway.with { connection, _ in
            _ = try await HTTP2Gateway.request(&connection)
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            while let bytes = try? await connection.read(), bytes.readableBytes > 0 {}
            closed.open()
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                _ = try await client.next(.data)
                try await client.reset(1)
                try await closed.pass()
                try await client.request(3, path: "/healthz")
                #expect(try await client.response(3).status == 200)
            }
        }
    }
}
