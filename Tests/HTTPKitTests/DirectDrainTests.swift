import NIOCore
import TestKit
import Testing

/// How connections end on a server that stops.
struct DirectDrainTests {
    private let echo = EchoRoute()

    /// Tells the server to stop, and returns once the grace of all connections has ended.
    private func stop(_ served: ServedRoutes) async throws {
        try await RawConnection.to(port: served.client.port) { idle in
            try await idle.send(EchoRoute.request("1"))
            _ = try await idle.message()
            await served.stop()
            let end = try await idle.message()
            #expect(end.status == 408 && end["connection"] == "close")
            #expect(try await idle.readToEnd().isEmpty)
        }
        // Each has its own grace, from when its event loop has told it: that of another may end a little later.
        try await Task.sleep(for: .milliseconds(500))
    }

    @Test(arguments: [false, true])
    func `one that idles ends by saying that nobody acts on what is on its way`(isRouted: Bool) async throws {
        try await echo.serveRaw { connection, served in
            try await connection.send(EchoRoute.request("1", isRouted: isRouted))
            #expect(try await connection.message().status == 201)
            try await stop(served)
            let end = try await connection.message()
            #expect(end.status == 408 && end["connection"] == "close")
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `an answer that its client reads slowly is sent whole`(isRouted: Bool) async throws {
        try await echo.serveRaw { connection, served in
            try await connection.send(EchoRoute.request(EchoRoute.large, isRouted: isRouted))
            let head = try await connection.message(toHead: true)
            try await stop(served)
            let length = try #require(head["content-length"].flatMap { Int($0) })
            #expect(length > EchoRoute.largeSize)
            #expect(try await connection.read(count: length).readableBytes == length)
            #expect(try await connection.message().status == 408)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `the last answer says that it is, and is sent whole`(isRouted: Bool) async throws {
        try await echo.serveRaw { connection, served in
            let request = EchoRoute.request(EchoRoute.large, isRouted: isRouted)
            try await connection.send(EchoRoute.request("1") + request.dropLast(2))
            #expect(try await connection.message()["connection"] == nil)
            try await stop(served)
            try await connection.send(String(request.suffix(2)))
            let message = try await connection.message()
            #expect(message.status == 201 && message["connection"] == "close")
            #expect(message.body.readableBytes > EchoRoute.largeSize)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `after the grace the next answer is the last, whatever has come behind its request`(isRouted: Bool)
        async throws
    {
        try await echo.serveRaw { connection, served in
            let hold = EchoRoute.request(#"{"hold":true}"#)
            try await connection.send(hold + EchoRoute.request("2", isRouted: isRouted))
            try await echo.isHeld()
            try await stop(served)
            try await connection.send(EchoRoute.request("3", isRouted: isRouted))
            echo.release()
            let last = try await connection.message()
            #expect(last.status == 201 && last["connection"] == "close")
            #expect(try last.json("body") as? String == #"{"hold":true}"#)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `what the routes have got by the end of the grace is answered, and nothing behind it`() async throws {
        try await echo.serveRaw { connection, served in
            let hold = EchoRoute.request(#"{"hold":true}"#, isRouted: true)
            try await connection.send(hold + EchoRoute.request("2"))
            try await echo.isHeld()
            try await stop(served)
            try await connection.send(EchoRoute.request("3"))
            echo.release()
            let answer = try await connection.message()
            #expect(answer.status == 201 && answer["connection"] == nil)
            let last = try await connection.message()
            #expect(last.status == 201 && last["connection"] == "close")
            #expect(try last.json("body") as? String == "2")
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `a client that always has requests behind the one that is answered comes to an end`(isRouted: Bool)
        async throws
    {
        try await echo.serveRaw { connection, served in
            let hold = EchoRoute.request(#"{"hold":true}"#, isRouted: isRouted)
            try await connection.send(hold + hold)
            // Before, the server need not have seen the connection, and closes it with its listener.
            try await echo.isHeld()
            await served.stop()
            var message: RawMessage
            repeat {
                try await echo.isHeld()
                try await connection.send(hold)
                echo.release()
                message = try await connection.message()
                #expect(message.status == 201)
            } while message["connection"] == nil
            #expect(message["connection"] == "close")
            #expect(try await connection.readToEnd().isEmpty)
        }
    }
}
