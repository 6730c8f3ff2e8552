import Foundation
import HTTPWire
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import Gateway

/// Small requests of many clients over one connection to a service.
@Suite("Multiplexing")
struct MultiplexingTests {
    /// What a service does with the frames of a connection; everything else it answers as `alone`.
    private typealias Script = @Sendable (inout RawConnection) async throws -> Void

    private static let ok = answer("shared")

    private static func answer(_ text: String, status: Int = 200) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
    }

    /// Runs `body` with a gateway of one event loop in front of a service that knows the protocol, once requests share a
    /// connection.
    private static func share(
        _ script: @escaping Script,
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await serve(script) { gateway in
            try await eventually { try await send("warm", to: gateway).text == "shared" }
            try await body(gateway)
        }
    }

    private static func serve(
        _ script: @escaping Script, _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                guard request["upgrade"] == nil else {
                    try await connection.send(
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lms-multiplex\r\n\r\n")
                    try await script(&connection)
                    return
                }
                try await connection.send(answer(request.startLine.contains("/shared") ? "alone" : "ok"))
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.routes = """
                  - path: /shared/*
                    upstream: service
                    multiplex: true
                  - path: /shared/again
                    upstream: service
                    multiplex: true
                    repeatable: true
                """
            try await TestGateway.with(file.load(), group: loops) { try await body($0) }
        }
        try await loops.shutdownGracefully()
    }

    private static func send(
        _ text: String, to gateway: TestGateway, path: String = "/shared/once", fields: String = ""
    ) async throws -> RawMessage {
        try await gateway.request(
            "POST \(path) HTTP/1.1\r\nHost: lms\r\n\(fields)Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }

    /// Answers each request at once, but for those whose body is one of `held`, which come back.
    private static func answerAll(
        _ connection: inout RawConnection, until held: Set<String> = []
    ) async throws -> MultiplexFrame {
        while true {
            let frame = try await connection.frame()
            let body = String(buffer: frame.message).components(separatedBy: "\r\n\r\n").last ?? ""
            if held.contains(body) { return frame }
            try await connection.send(frames: [(frame.id, ok)])
        }
    }

    @Test("Clients get their own answers, in whatever order these come", .timeLimit(.minutes(1)))
    func eachItsOwn() async throws {
        let count = 40
        try await Self.share { connection in
            var frames = [try await Self.answerAll(&connection, until: Set((0..<count).map { "n\($0)" }))]
            while frames.count < count { frames.append(try await connection.frame()) }
            #expect(Set(frames.map(\.id)).count == count)
            for frame in frames.shuffled() {
                let request = String(buffer: frame.message)
                #expect(request.hasPrefix("POST /shared/once HTTP/1.1\r\n") && request.contains("\r\nX-Request-ID: "))
                let body = request.components(separatedBy: "\r\n\r\n").last ?? ""
                try await connection.send(frames: [(frame.id, Self.answer(body, status: 201))])
            }
            _ = try await connection.read()
        } _: { gateway in
            try await withThrowingTaskGroup(of: Void.self) { clients in
                for number in 0..<count {
                    clients.addTask {
                        let answer = try await Self.send("n\(number)", to: gateway)
                        #expect(answer.status == 201 && answer.text == "n\(number)")
                    }
                }
                try await clients.waitForAll()
            }
        }
    }

    @Test("A service that does not know the protocol is asked over connections of their own", .timeLimit(.minutes(1)))
    func unknown() async throws {
        let asked = Reached()
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                if request["upgrade"] != nil { asked.note(request.startLine) }
                try await connection.send(Self.answer("alone", status: request["upgrade"] == nil ? 200 : 404))
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.routes = "  - path: /shared/*\n    upstream: service\n    multiplex: true"
            let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            try await TestGateway.with(file.load(), group: loops) { gateway in
                try await eventually {
                    let answer = try await Self.send("1", to: gateway)
                    #expect(answer.text == "alone")
                    return !asked.lines.isEmpty
                }
                for _ in 0..<20 { #expect(try await Self.send("1", to: gateway).text == "alone") }
            }
            try await loops.shutdownGracefully()
            #expect(asked.lines.count == 1)
        }
    }

    @Test("What the service sends back goes over a connection of its own", .timeLimit(.minutes(1)))
    func sentBack() async throws {
        try await Self.share { connection in
            let frame = try await Self.answerAll(&connection, until: ["odd"])
            try await connection.send(frames: [(frame.id, "")])
            _ = try await Self.answerAll(&connection)
        } _: { gateway throws in
            #expect(try await Self.send("odd", to: gateway).text == "alone")
            #expect(try await Self.send("even", to: gateway).text == "shared")
        }
    }

    @Test("What is large, chunked or comes piece by piece goes over a connection of its own", .timeLimit(.minutes(1)))
    func alone() async throws {
        try await Self.share {
            _ = try await Self.answerAll(&$0)
        } _: { gateway throws in
            let large = String(repeating: "x", count: MultiplexFrame.longestRequest)
            #expect(try await Self.send(large, to: gateway).text == "alone")
            let head = "POST /shared/once HTTP/1.1\r\nHost: lms\r\n"
            #expect(
                try await gateway.request("\(head)Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").text
                    == "alone")
            #expect(try await Self.send("", to: gateway, fields: "Expect: 100-continue\r\n").status == 200)
            #expect(try await Self.send("small", to: gateway).text == "shared")
        }
    }

    @Test("A lost connection is made good for what may be sent twice, and is 503 for the rest", .timeLimit(.minutes(1)))
    func lost() async throws {
        try await Self.share { connection in
            _ = try await Self.answerAll(&connection, until: ["lost"])
            _ = try await connection.frame()
        } _: { gateway in
            async let once = Self.send("lost", to: gateway)
            async let again = Self.send("lost", to: gateway, path: "/shared/again")
            #expect(try await once.status == 503)
            #expect(try await again.text == "alone")
            // And there is another one in a while.
            try await eventually { try await Self.send("1", to: gateway).text == "shared" }
        }
    }

    @Test("An answer whose client has left goes to nobody else", .timeLimit(.minutes(1)))
    func left() async throws {
        let (held, gate) = (Gate(), Gate())
        try await Self.share { connection in
            let frame = try await Self.answerAll(&connection, until: ["left"])
            held.open()
            try await gate.pass()
            try await connection.send(frames: [(frame.id, Self.answer("late"))])
            _ = try await Self.answerAll(&connection)
        } _: { gateway in
            try await gateway.connect { connection in
                try await connection.send(
                    "POST /shared/once HTTP/1.1\r\nHost: lms\r\nContent-Length: 4\r\n\r\nleft")
                try await held.pass()
            }
            async let next = Self.send("next", to: gateway)
            gate.open()
            #expect(try await next.text == "shared")
        }
    }

    @Test(
        "An answer that is none is 502, and the others go on", .timeLimit(.minutes(1)),
        arguments: [
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        ])
    func malformed(text: String) async throws {
        try await Self.share { connection in
            let frame = try await Self.answerAll(&connection, until: ["bad"])
            try await connection.send(frames: [(frame.id, text)])
            _ = try await Self.answerAll(&connection)
        } _: { gateway throws in
            #expect(try await Self.send("bad", to: gateway).status == 502)
            #expect(try await Self.send("good", to: gateway).text == "shared")
        }
    }

    @Test("A service that goes away answers what is under way, and gets nothing else there", .timeLimit(.minutes(1)))
    func goingAway() async throws {
        let isClosed = Gate()
        try await Self.share { connection in
            let frame = try await Self.answerAll(&connection, until: ["last"])
            try await connection.send(frames: [(MultiplexFrame.goingAway, ""), (frame.id, Self.answer("answered"))])
            #expect(try await connection.read() == nil)
            isClosed.open()
        } _: { gateway throws in
            #expect(try await Self.send("last", to: gateway).text == "answered")
            #expect(try await Self.send("next", to: gateway).text == "alone")
            try await isClosed.pass()
        }
    }

    @Test("A service that does not answer is given up in time, and its connection with it", .timeLimit(.minutes(1)))
    func silent() async throws {
        let isClosed = Gate()
        try await Self.share { connection in
            _ = try await Self.answerAll(&connection, until: ["silence"])
            #expect(try await connection.read() == nil)
            isClosed.open()
        } _: { gateway throws in
            #expect(try await Self.send("silence", to: gateway).status == 504)
            try await isClosed.pass()
        }
    }

    @Test("A pipelining client gets its answers in order", .timeLimit(.minutes(1)))
    func pipelined() async throws {
        try await Self.share { connection in
            while true {
                let frame = try await connection.frame()
                let body = String(buffer: frame.message).components(separatedBy: "\r\n\r\n").last ?? ""
                try await connection.send(frames: [(frame.id, Self.answer(body == "warm" ? "shared" : body))])
            }
        } _: { gateway in
            try await gateway.connect { connection in
                let texts = (0..<50).map { "p\($0)" }
                try await connection.send(
                    texts.map {
                        "POST /shared/once HTTP/1.1\r\nHost: lms\r\nContent-Length: \($0.utf8.count)\r\n\r\n\($0)"
                    }.joined())
                for text in texts { #expect(try await connection.message().text == text) }
            }
        }
    }
}
