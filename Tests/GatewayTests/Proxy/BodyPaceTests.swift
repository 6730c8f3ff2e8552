import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("The pace of bodies")
struct BodyPaceTests {
    private let timeouts = RouteTimeouts(
        connect: .seconds(1), response: .seconds(1), idle: .seconds(60), body: .seconds(10), bodyRate: 100)

    private func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1e9)) }

    private func begun() -> BodyPace {
        var pace = BodyPace()
        pace.begin(timeouts, now: at(100))
        return pace
    }

    @Test("Content brings time at the least rate, of which no more is saved up than the allowance")
    func rate() {
        var pace = begun()
        #expect(pace.due == at(110))
        pace.receive(100, timeouts, now: at(105))
        #expect(pace.due == at(111))
        pace.receive(1, timeouts, now: at(106))
        #expect(pace.due == at(111.01))
        pace.receive(1_000_000, timeouts, now: at(107))
        #expect(pace.due == at(117))
        pace.receive(0, timeouts, now: at(110))
        #expect(pace.due == at(117))
    }

    @Test("Time in which nothing is read does not count, and nothing is due meanwhile")
    func held() {
        var pace = begun()
        pace.hold(now: at(104))
        pace.hold(now: at(106))
        #expect(pace.due == .distantFuture)
        pace.resume(now: at(130))
        #expect(pace.due == at(136))
        pace.resume(now: at(150))
        #expect(pace.due == at(136))
    }

    @Test("Nothing is due before a body begins, nor after its end")
    func ends() {
        var pace = BodyPace()
        pace.receive(1, timeouts, now: at(1))
        pace.hold(now: at(1))
        pace.resume(now: at(2))
        #expect(pace.due == .distantFuture)
        pace = begun()
        pace.hold(now: at(101))
        pace.end()
        pace.resume(now: at(102))
        #expect(pace.due == .distantFuture)
    }

    /// A service that takes what comes of a request, but for a head that asks it to wait.
    private static func serve(_ connection: inout RawConnection, _ number: Int) async throws {
        let head = RawMessage(head: try await connection.read(through: "\r\n\r\n"))
        // How slow the service is.
        if head["x-wait"] != nil { try await Task.sleep(for: .seconds(8)) }
        _ = try await connection.read(count: head["content-length"].flatMap(Int.init) ?? 0)
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    private static func with(
        _ timeout: String, _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await RawServer.with(serve) { server in
            var file = TestFile(port: server.port)
            file.defaults = "  idle_timeout: 20s\n  body_timeout: \(timeout)\n  body_rate: 1KiB\n  body_limit: 64MiB"
            try await TestGateway.with(file.load(), body)
        }
    }

    private static func head(_ length: Int, _ field: String = "") -> String {
        "PUT /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: \(length)\r\n\(field)\r\n"
    }

    @Test("A body that trickles is cut off, though it never stands still")
    func trickle() async throws {
        try await Self.with("500ms") { gateway in
            try await gateway.connect { connection in
                try await connection.send(Self.head(100_000))
                let writer = connection.writer
                async let _: Void = {
                    while !Task.isCancelled, (try? await writer.send(ByteBuffer(string: "a"))) != nil {
                        // The pace of the body, twenty bytes a second.
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }()
                let answer = try await connection.message()
                #expect(answer.status == 408)
                #expect(answer["connection"] == "close")
            }
        }
    }

    @Test("A body that comes steadily may take longer than the allowance")
    func steady() async throws {
        try await Self.with("5s") { gateway in
            try await gateway.connect { connection in
                try await connection.send(Self.head(40 * 4096))
                for _ in 0..<40 {
                    try await connection.send(ByteBuffer(repeating: 0x61, count: 4096))
                    // The pace of the body, of which the whole takes eight seconds.
                    try await Task.sleep(for: .milliseconds(200))
                }
                #expect(try await connection.message().status == 200)
            }
        }
    }

    @Test("A client does not answer for a service that does not take the body")
    func slowService() async throws {
        try await Self.with("5s") { gateway in
            try await gateway.connect { connection in
                let body = ByteBuffer(repeating: 0x61, count: 32 << 20)
                try await connection.send(Self.head(body.readableBytes, "X-Wait: 1\r\n"))
                try await connection.send(body)
                #expect(try await connection.message().status == 200)
            }
        }
    }
}
