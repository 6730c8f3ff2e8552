import TestKit
import Testing

/// How connections end on which requests are answered directly.
struct DirectConnectionTests {
    private let echo = EchoRoute()

    @Test func `a request behind the last one of a connection is not answered`() async throws {
        try await echo.serve { _, connection in
            let last = try await connection.begin(
                .POST, EchoRoute.path, headers: EchoRoute.json.with("connection", "close").with("content-length", "1"),
                hasBody: true)
            try await last.send(Array("1".utf8))
            try await last.endBody()
            _ = try await echo.send("2", connection)
            #expect(echo.way(try await last.response()) == "table")
            try await eventually { !connection.isOpen }
            #expect(echo.answered == 0)
        }
    }

    @Test func `a client that ends its sending direction gets its answer`() async throws {
        try await echo.serve { _, connection in
            let held = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            try await connection.endSending()
            try await eventually { self.echo.abandoned == 1 }
            echo.release()
            #expect(try await held.response().status == 201)
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `what was sent behind it before the client ended its direction is given up, too`() async throws {
        try await echo.serve { _, connection in
            let held = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            let next = try await echo.send(#"{"hold":true}"#, connection)
            try await connection.endSending()
            try await eventually { self.echo.abandoned == 1 }
            echo.release()
            #expect(try await held.response().status == 201)
            try await echo.isHeld()
            try await eventually { self.echo.abandoned == 2 }
            echo.release()
            #expect(try await next.response().status == 201)
        }
    }

    @Test func `a client that ends its sending direction without a request is let go`() async throws {
        try await echo.serve { _, connection in
            try await connection.endSending()
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `a client that goes away before its answer harms nobody`() async throws {
        try await echo.serve { served, connection in
            _ = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            await connection.close()
            try await eventually { self.echo.abandoned > 0 }
            echo.release()
            let response = try await served.client.send(
                .POST, EchoRoute.path, headers: EchoRoute.json, body: Array("{}".utf8))
            #expect(echo.way(response) == "direct")
        }
    }

    @Test func `a server that stops answers what is under way, and closes the connection`() async throws {
        try await echo.serve { served, connection in
            let held = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            await served.stop()
            // Otherwise the answer would be waited for.
            try await eventually { self.echo.isDrained }
            echo.release()
            #expect(try await held.response().status == 201)
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `a body that is cut off is answered with nothing, and closes the connection`() async throws {
        try await echo.serve { _, connection in
            let exchange = try await connection.begin(
                .POST, EchoRoute.path, headers: EchoRoute.json.with("content-length", "10"), hasBody: true)
            try await exchange.send(Array("{".utf8))
            try await connection.endSending()
            try await eventually { !connection.isOpen }
            #expect(echo.answered == 0)
        }
    }
}
