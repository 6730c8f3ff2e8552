import TestKit
import Testing

struct TestHTTPClientTests {
    private func withServer(_ body: (TestHTTPClient) async throws -> Void) async throws {
        let server = try await EchoServer.start()
        try await body(TestHTTPClient(port: server.port))
        await server.stop()
    }

    @Test func `a connection is used again`() async throws {
        try await withServer { client in
            let first = try await client.get("/a")
            let second = try await client.post("/b?x=1", ["n": 1])
            #expect(first.text == "GET /a\n")
            #expect(second.text == "POST /b?x=1\n{\"n\":1}")
            #expect(first.header("connection-id") == second.header("connection-id"))
        }
    }

    @Test func `headers of the client go with every request, and those of a request win`() async throws {
        try await withServer { client in
            let authorized = client.authorized("t1")
            let own = try await authorized.get("/")
            let other = try await authorized.get("/", headers: ["Authorization": "other"])
            #expect(own.header("token") == "Bearer t1")
            #expect(other.header("token") == "other")
        }
    }

    @Test func `a status other than 200 is an answer and no error`() async throws {
        try await withServer { client in
            let answer = try await client.get("/teapot")
            #expect(answer.status == 418)
        }
    }

    @Test func `a form is encoded`() async throws {
        try await withServer { client in
            let answer = try await client.post("/", form: ["email": "a+b@c.d", "näme": "x y"])
            #expect(answer.text == "POST /\nemail=a%2Bb%40c.d&n%C3%A4me=x%20y")
        }
    }

    @Test func `bodies stream both ways`() async throws {
        try await withServer { client in
            try await client.withStream(.POST, "/", hasBody: true) { exchange in
                #expect(try await exchange.head().status == .ok)
                #expect(try await exchange.nextChunk() == Array("POST /\n".utf8))
                try await exchange.send(Array("one".utf8))
                #expect(try await exchange.nextChunk() == Array("one".utf8))
                await #expect(throws: TimedOut.self) { try await exchange.nextChunk(within: .milliseconds(20)) }
                try await exchange.endBody()
                #expect(try await exchange.nextChunk() == nil)
            }
        }
    }

    @Test func `a connection that closes before the answer is an error`() async throws {
        try await withServer { client in
            await #expect(throws: TestHTTPError.self) { try await client.get("/close") }
        }
    }
}

struct TestWebSocketTests {
    @Test func `messages come back, after a time-out too`() async throws {
        let server = try await EchoServer.start()
        let socket = try await TestWebSocket.connect(port: server.port, path: "/ws", subprotocol: nil)
        #expect(try await socket.next("hello") == ["type": "hello"])
        await #expect(throws: TimedOut.self) { try await socket.nextFrame(within: .milliseconds(20)) }
        try await socket.send(["type": "echo", "n": 7])
        #expect(try await socket.next("echo")["n"] == 7)
        try await socket.sendClose(4401)
        #expect(try await socket.closeCode() == 4401)
        #expect(try await socket.nextFrame() == nil)
        await server.stop()
    }

    @Test func `a refused upgrade tells the answer`() async throws {
        let server = try await EchoServer.start()
        let error = await #expect(throws: TestWebSocket.Refused.self) {
            try await TestWebSocket.connect(port: server.port, path: "/teapot")
        }
        #expect(error?.response.status == 418)
        await server.stop()
    }
}
